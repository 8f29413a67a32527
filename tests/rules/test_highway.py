from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import layer, shaped, weight
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Call, TensorRef
from tfjs_serve.rewriting.rule import INPUT, Lowering
from tfjs_serve.rules.highway import rewrite

KERNELS = (weight("W", (3, 3)), weight("W_carry", (3, 3)))
BIASES = (weight("b", (3,)), weight("b_carry", (3,)))
X = TensorRef(INPUT)
SHAPE = shaped((None, 3), generation=1)


def test_others_stay() -> None:
    assert rewrite(replace(layer("Dense"), weights=KERNELS), SHAPE) is None
    assert rewrite(replace(layer("Highway"), weights=KERNELS[:1]), SHAPE) is None
    assert rewrite(replace(layer("Highway"), weights=KERNELS), shaped()) is None


@pytest.mark.parametrize("has_bias", [True, False])
def test_two_dense_layers_are_mixed(has_bias: bool) -> None:
    weights = KERNELS + (BIASES if has_bias else ())
    result = rewrite(replace(layer("Highway", activation="relu"), weights=weights), SHAPE)
    assert isinstance(result, Lowering)
    assert outline(result) == [
        ("a__transformed", "Dense"),
        ("a__share", "Dense"),
        ("a__rest", "Rescaling"),
        ("a__taken", "Multiply"),
        ("a__carried", "Multiply"),
        ("a", "Add"),
    ]
    roles = ["kernel", "bias"] if has_bias else ["kernel"]
    for name, activation, place in (("transformed", "relu", 0), ("share", "sigmoid", 1)):
        found = fields(result, f"a__{name}", "units", "use_bias", "activation")
        assert found == (3, has_bias, activation)
        own = result.layers[place].weights
        assert [w.name for w in own] == roles
        assert [w.values for w in own] == [w.values for w in weights[place::2]]
    share, rest = TensorRef("a__share"), TensorRef("a__rest")
    assert [part.calls for part in result.layers] == [
        (Call((X,)),),
        (Call((X,)),),
        (Call((share,)),),
        (Call(((TensorRef("a__transformed"), share),)),),
        (Call(((X, rest),)),),
        (Call(((TensorRef("a__taken"), TensorRef("a__carried")),)),),
    ]
