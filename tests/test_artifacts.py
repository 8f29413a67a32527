from __future__ import annotations

import json

from tfjs_serve.artifacts import Artifacts, Shard, Summary, TensorInfo
from tfjs_serve.report import Applied, Note, NoteKind, Quantization, QuantizedWeight, Report

QUANTIZATION = Quantization(8, 2, (QuantizedWeight("a/kernel", "uint8", 0.25),))
NOTES = (Note("is left out", "a", NoteKind.DROPPED), Note("is called 'b' in the browser"))


def test_artifacts_survive_json() -> None:
    inputs = (TensorInfo("x", (None, 3), "float32"),)
    outputs = (TensorInfo("y", None, "float32"),)
    summary = Summary(
        3, 64, inputs, outputs, "3.15.1", trainable=True, custom_classes=("Mine",), warnings=NOTES
    )
    report = Report((Applied("relu", "a"), Applied("call_order", None)), NOTES, QUANTIZATION)
    artifacts = Artifacts("0" * 16, b"{}", (Shard("1.bin", 4),), summary, report)
    data = json.loads(json.dumps(artifacts.as_json()))
    assert Artifacts.from_json(data, b"{}") == artifacts
