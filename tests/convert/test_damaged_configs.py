"""Fixtures with a few changes in their configuration: each once made a rule fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.cases import CONVERTED
from tests.properties.mutations import write
from tfjs_serve.convert import convert_file
from tfjs_serve.errors import ConversionError

DAMAGED = [
    ("keras2/causal_any_length", 22),
    ("keras2/same_padding_of_nothing", 196),
    ("keras3/masked_states_last", 348),
    ("keras2/up_sampling_interpolations", 688),
    ("keras3/adaptive_pooling", 1621),
    ("keras3/elu_alpha", 1690),
    ("keras2/bidirectional", 1720),
    ("keras2/recurrent_cells", 2042),
    ("keras2/constraint_kinds", 2341),
    ("keras3/channels_first2d", 2576),
    ("keras3/time_distributed_alike", 2778),
    ("keras2/bidirectional_gru", 2799),
    ("keras2/layer_normalization", 2883),
    ("keras2/max_pooling3d", 2905),
    ("keras2/encoder_under_masks", 3321),
    ("keras3/gru", 3565),
    ("keras2/masking", 3829),
    ("keras2/normalization", 3872),
    ("keras3/conv_lstm1d", 3994),
    ("keras3/masks_through_layers", 6157),
    ("keras2/normalization_ranks", 7070),
    ("keras3/bidirectional_of_unlike_layers", 8878),
    ("keras3/stacked_cell_states", 23969),
]
"""Fixtures, and the seeds of their changes (tests/properties/mutations.py)."""


@pytest.mark.parametrize(("name", "seed"), DAMAGED)
def test_damage_is_refused_or_does_no_harm(name: str, seed: int, tmp_path: Path) -> None:
    (case,) = (case for case in CONVERTED if case.id == name)
    path = tmp_path / "model.h5"
    write(case, seed, path)
    is_refused = False
    try:
        convert_file(path, tmp_path / "out")
    except ConversionError:
        is_refused = True
    assert (tmp_path / "out" / "model.json").exists() is not is_refused
