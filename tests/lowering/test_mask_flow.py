"""The way of masks, as layers of Keras 2.15 and 3.15 hand them on when they are called."""

from __future__ import annotations

import pytest

from tests.models import layer, on
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.lowering.mask_flow import is_reverse, makes_mask, outgoing

MASK = TensorRef("m")

END = (
    *("AveragePooling1D", "CategoryEncoding", "CenterCrop", "Conv1D", "Conv1DTranspose"),
    *("Cropping1D", "DepthwiseConv1D", "Discretization", "Dot", "EinsumDense", "Flatten"),
    *("GlobalAveragePooling1D", "GlobalMaxPooling1D", "IntegerLookup", "LocallyConnected1D"),
    *("MaxPooling1D", "Permute", "RMSNormalization", "RepeatVector", "Reshape", "Resizing"),
    *("ReversibleEmbedding", "SeparableConv1D", "UpSampling1D", "ZeroPadding1D"),
)

KEEP = (
    *("Activation", "ActivityRegularization", "AlphaDropout", "BatchNormalization", "Dense"),
    *("Dropout", "ELU", "GaussianDropout", "GaussianNoise", "GroupNormalization"),
    *("LayerNormalization", "LeakyReLU", "PReLU", "ReLU", "Softmax", "SpatialDropout1D"),
    *("TimeDistributed", "UnitNormalization"),
)

KEPT_BY_KERAS3 = ("Identity", "Normalization", "Rescaling")


def handed_on(item: Layer, generation: int) -> list[object]:
    return [mask for mask in outgoing(item, on("x"), (MASK,), generation) if mask is not None]


@pytest.mark.parametrize("generation", [2, 3])
@pytest.mark.parametrize("name", END)
def test_a_mask_ends(name: str, generation: int) -> None:
    assert handed_on(layer(name), generation) == []


@pytest.mark.parametrize("generation", [2, 3])
@pytest.mark.parametrize("name", KEEP)
def test_a_mask_is_kept(name: str, generation: int) -> None:
    assert handed_on(layer(name), generation) == [MASK]


@pytest.mark.parametrize("name", KEPT_BY_KERAS3)
def test_a_mask_is_kept_by_keras3_alone(name: str) -> None:
    assert [handed_on(layer(name), generation) for generation in (2, 3)] == [[], [MASK]]


@pytest.mark.parametrize("generation", [2, 3])
@pytest.mark.parametrize(("inside", "masks"), [("Dense", [MASK]), ("Conv1D", [])])
def test_spectral_normalization_hands_on_what_the_layer_inside_does(
    inside: str, masks: list[TensorRef], generation: int
) -> None:
    wrapper = Layer("a", "SpectralNormalization", parts={"layer": layer(inside)})
    assert handed_on(wrapper, generation) == masks


@pytest.mark.parametrize("name", ["Embedding", "ReversibleEmbedding"])
@pytest.mark.parametrize("is_made", [False, True])
def test_embeddings_make_masks(name: str, is_made: bool) -> None:
    assert makes_mask(layer(name, mask_zero=is_made)) is is_made


@pytest.mark.parametrize(
    ("call", "is_back"),
    [
        (on("x"), False),
        (Call(), False),
        (on("x", reverse=False), False),
        (on("x", reverse=True), True),
        (Call((TensorRef("x"), True)), True),
    ],
)
def test_the_way_back(call: Call, is_back: bool) -> None:
    assert is_reverse(call) is is_back
