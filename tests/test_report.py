from __future__ import annotations

import pytest

from tfjs_serve.report import Applied, Note, NoteKind, Quantization, QuantizedWeight, Report

QUANTIZATION = Quantization(8, 2, (QuantizedWeight("a/kernel", "uint8", 0.25),))
NOTES = (Note("is left out", "a", NoteKind.DROPPED), Note("is called 'b' in the browser"))


def test_an_empty_report() -> None:
    assert Report().as_json() == {"rules": [], "notes": [], "quantization": None}


def test_a_report_tells_rules_by_layer() -> None:
    applied = (Applied("axes", "a"), Applied("relu", "b"), Applied("relu", "a"))
    again = (Applied("axes", "a"), Applied("call_order", None))
    assert Report((*applied, *again), NOTES, QUANTIZATION).as_json() == {
        "rules": [
            {"layer": "a", "rules": ["axes", "relu"]},
            {"layer": "b", "rules": ["relu"]},
            {"layer": None, "rules": ["call_order"]},
        ],
        "notes": [
            {"layer": "a", "text": "is left out", "kind": "dropped"},
            {"layer": None, "text": "is called 'b' in the browser", "kind": "other"},
        ],
        "quantization": {
            "bytes_before": 8,
            "bytes_after": 2,
            "tensor": "a/kernel",
            "largest_error": 0.25,
            "weights": [{"name": "a/kernel", "dtype": "uint8", "error": 0.25}],
        },
    }


@pytest.mark.parametrize("kind", NoteKind, ids=lambda kind: kind.value)
def test_notes_of_one_kind(kind: NoteKind) -> None:
    notes = tuple(Note(other.value, "a", other) for other in NoteKind)
    assert Report(notes=notes).of_kind(kind) == (Note(kind.value, "a", kind),)
