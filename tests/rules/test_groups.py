from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models import KERAS3, layer, weight
from tests.rules.spatial import computed
from tfjs_serve.graph import Layer
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.groups import LEARNS_ZEROS, rewrite

BIAS = weight("bias", (4,))


def conv(class_name: str, groups: int, *shape: int) -> Layer:
    made = layer(class_name, filters=shape[-1], groups=groups, kernel_initializer="zeros")
    return replace(made, weights=(weight("kernel", shape), BIAS))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Dense", groups=2), id="other class"),
        pytest.param(conv("Conv2D", 1, 2, 2, 4, 4), id="one group"),
        pytest.param(layer("Conv2D", filters=4), id="no word of it"),
        pytest.param(layer("Conv2D", filters=4, groups=2), id="no kernel"),
    ],
)
def test_no_groups(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize("axes", [1, 2])
def test_a_group_for_each_channel_is_depthwise(axes: int) -> None:
    shape = (*(2, 3)[:axes], 1, 4)
    result = rewrite(conv(f"Conv{axes}D", 2, *shape), KERAS3)
    assert isinstance(result, Rewrite)
    assert result.layer.class_name == f"DepthwiseConv{axes}D"
    assert result.layer.config == {"depth_multiplier": 2, "depthwise_initializer": "zeros"}
    assert result.notes == ()  # It is trained as in Keras.
    kernel, bias = result.layer.weights
    assert (kernel.name, bias) == ("depthwise_kernel", BIAS)
    values = np.arange(np.prod(shape)).reshape(shape)
    assert (computed(kernel, values)[..., 1, 0] == values[..., 0, 2]).all()


def test_other_groups_get_zeros_between_them() -> None:
    before = conv("Conv1D", 2, 1, 2, 4)
    result = rewrite(before, KERAS3)
    assert isinstance(result, Rewrite)
    assert result.layer.config == {**before.config, "groups": 1}
    values = np.array([[[1, 2, 3, 4], [5, 6, 7, 8]]])
    full = [[1, 2, 0, 0], [5, 6, 0, 0], [0, 0, 3, 4], [0, 0, 7, 8]]
    assert computed(result.layer.weights[0], values).tolist() == [full]
    assert result.notes == (Note(LEARNS_ZEROS, "a", NoteKind.TRAINING),)


def test_three_axes_stay_a_convolution() -> None:
    result = rewrite(conv("Conv3D", 4, 1, 1, 1, 1, 4), KERAS3)
    assert isinstance(result, Rewrite)
    assert result.layer.class_name == "Conv3D"
    assert result.layer.weights[0].shape == (1, 1, 1, 4, 4)
