from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS2, KERAS3, layer, on
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, with_fields
from tfjs_serve.rules.attention_arguments import rewrite

Q, V, K, M = (TensorRef(name) for name in "qvkm")


def heads(call: Call, class_name: str = "MultiHeadAttention") -> Layer:
    return replace(layer(class_name, num_heads=2), calls=(call,))


def plain(call: Call, class_name: str = "Attention") -> Layer:
    return heads(call, class_name)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Dense"), id="other class"),
        pytest.param(with_fields(heads(Call((Q,))), {"inputs": {"query": 0}}), id="done"),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize(
    ("before", "inputs", "config"),
    [
        pytest.param(heads(Call((Q, V))), [Q, V], {"query": 0, "value": 1}, id="Keras 3"),
        pytest.param(
            heads(Call((Q, V, None)), "GroupedQueryAttention"),
            [Q, V],
            {"query": 0, "value": 1},
            id="grouped",
        ),
        pytest.param(
            heads(on(Q, value=V, key=K, use_causal_mask=False)),
            [Q, V, K],
            {"query": 0, "value": 1, "key": 2},
            id="Keras 2",
        ),
        pytest.param(
            heads(Call((Q, Q, Q), {"attention_mask": M})),
            [Q, M],
            {"query": 0, "value": 0, "key": 0, "attention_mask": 1},
            id="one tensor for all",
        ),
        pytest.param(
            heads(
                Call((), {"key": K, "query": Q, "value": V, "query_mask": M, "value_mask": None})
            ),
            [K, Q, V, M],
            {"key": 0, "query": 1, "value": 2, "query_mask": 3},
            id="all by name",
        ),
        pytest.param(
            heads(Call((Q, V, K, M, M))),
            [Q, V, K, M],
            {"query": 0, "value": 1, "key": 2, "query_mask": 3, "value_mask": 3},
            id="masks by place",
        ),
        pytest.param(plain(on(Q, V)), [Q, V], {"query": 0, "value": 1}, id="list"),
        pytest.param(
            plain(on(Q, V, K, training=False), "AdditiveAttention"),
            [Q, V, K],
            {"query": 0, "value": 1, "key": 2},
            id="list of three",
        ),
        pytest.param(
            plain(Call(((Q, V),), {"mask": (None, M, K)})),
            [Q, V, M],
            {"query": 0, "value": 1, "value_mask": 2},
            id="list of masks",
        ),
    ],
)
@pytest.mark.parametrize("context", [KERAS2, KERAS3], ids=["Keras 2", "Keras 3"])
def test_tensors_become_inputs(
    before: Layer, inputs: list[TensorRef], config: dict[str, int], context: Context
) -> None:
    result = rewrite(before, context)
    assert isinstance(result, Rewrite)
    assert result.layer.calls[0].inputs == tuple(inputs)
    assert result.layer.calls[0].kwargs == {}
    assert result.layer.config == {"num_heads": 2, "inputs": config}


def test_flags_become_fields() -> None:
    flags = {"use_causal_mask": True, "return_attention_scores": True}
    result = rewrite(heads(Call((Q, Q), flags)), KERAS3)
    after = with_fields(heads(on(Q)), {"inputs": {"query": 0, "value": 0}, **flags})
    assert result == Rewrite(after)


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (heads(on(Q, V, training=True)), "called with query = (TensorRef"),
        (heads(Call((Q, V), {"training": True})), "called with training = True"),
        (heads(Call((Q, V), {"use_causal_mask": "yes"})), "called with use_causal_mask = 'yes'"),
        (heads(Call((Q, V), {"value_mask": (M, M)})), "called with value_mask = (TensorRef"),
        (heads(Call((Q, V), {"rope": M})), "called with rope = TensorRef"),
        (heads(on(Q)), "called without a query or a value"),
        (plain(on(Q)), "called with inputs = TensorRef"),
        (plain(on(Q, V, mask="dict of a")), "called with mask = 'dict of a'"),
    ],
)
def test_refused(before: Layer, why: str) -> None:
    result = rewrite(before, KERAS3)
    assert isinstance(result, Refusal)
    (reason,) = result.reasons
    assert reason.layer == "a"
    assert reason.why.startswith(f"not supported yet: {why}")
