"""Which file gets which name."""

from __future__ import annotations

import os

import pytest

from tfjs_serve.watching.naming import assign


def told(*sources: str) -> dict[str, tuple[str, str | None]]:
    places = assign(sources)
    return {
        source: (place.name, None if place.error is None else str(place.error))
        for source, place in places.items()
    }


TAKEN = "cannot be served as"
WEIGHTS = (
    "m.weights.h5 holds weights only, without the model around them; "
    "save the whole model: model.save('model.h5')"
)


@pytest.mark.parametrize(
    ("sources", "places"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param(["m.h5"], {"m.h5": ("m", None)}, id="one"),
        pytest.param(
            ["m.h5", "m/m.h5", "n/m.h5"],
            {"m.h5": ("m", None), "m/m.h5": ("m/m", None), "n/m.h5": ("n/m", None)},
            id="a-folder-beside-is-no-collision",
        ),
        pytest.param(["a@b.H5"], {"a@b.H5": ("a_at_b", None)}, id="at"),
        pytest.param(
            ["m.keras", "m.h5"],
            {
                "m.h5": ("m", None),
                "m.keras": (
                    "m.keras",
                    f"m.keras {TAKEN} 'm', the name of m.h5; rename one",
                ),
            },
            id="two-suffixes",
        ),
        pytest.param(
            ["m.h5", "M.h5"],
            {"M.h5": ("M", None), "m.h5": ("m", f"m.h5 {TAKEN} 'm', the name of M.h5; rename one")},
            id="case-twins",
        ),
        pytest.param(
            ["m.h5", "m.keras", "m.keras.h5"],
            {
                "m.h5": ("m", None),
                "m.keras.h5": ("m.keras", None),
                "m.keras": (
                    "m.keras (2)",
                    f"m.keras {TAKEN} 'm', the name of m.h5; rename one",
                ),
            },
            id="the-listed-name-is-taken-too",
        ),
        pytest.param(["m.weights.h5"], {"m.weights.h5": ("m.weights", WEIGHTS)}, id="weights"),
    ],
)
def test_places(sources: list[str], places: dict[str, tuple[str, str | None]]) -> None:
    assert told(*sources) == places


@pytest.mark.parametrize("source", ["_w.h5", "_w/m.h5", "healthz.h5", "_tfjs-serve.keras"])
def test_reserved_names_are_refused_and_own_nothing(source: str) -> None:
    (place,) = assign([source]).values()
    assert place.error is not None
    assert "reserved" in str(place.error)


def test_a_name_that_is_no_utf_8_is_refused_in_words_that_are() -> None:
    source = os.fsdecode(b"m\xff.h5")
    (place,) = assign([source]).values()
    assert place.name == "m\ufffd"
    assert place.error is not None
    assert str(place.error) == "m\ufffd.h5 has a name that is not UTF-8; rename the file"


def test_composed_and_decomposed_names_are_the_same() -> None:
    places = assign(["e\u0301.h5", "\u00e9.h5"])
    assert sorted(place.error is None for place in places.values()) == [False, True]
    assert [place.name for place in places.values() if place.error is None] == ["\u00e9"]
