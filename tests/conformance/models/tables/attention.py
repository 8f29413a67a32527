"""Attention, with every argument of the constructor and of the call."""

# mypy: ignore-errors
from __future__ import annotations

from keras import layers
from tables.grid import MAJOR, Table, functional

SELF, CROSS = (4, 6), [(4, 6), (5, 6)]


def mha(*, kind="MultiHeadAttention", **arguments):
    """Return an attention of two heads."""
    base = {"num_heads": 2, "key_dim": 3}
    if kind == "GroupedQueryAttention":
        kind, base = (
            "GroupQueryAttention",
            {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
        )
    return getattr(layers, kind)(**{**base, **arguments})


def masked(x):
    """Return the sequence under a mask."""
    return layers.Masking()(x)


CALLS = {
    "self": (SELF, lambda a, x: a(x, x)),
    "self.long": ((None, 6), lambda a, x: a(x, x)),
    "cross": (CROSS, lambda a, x, y: a(x, y)),
    "three": ([*CROSS, (5, 4)], lambda a, x, y, z: a(x, z, key=y)),
    "causal": (SELF, lambda a, x: a(x, x, use_causal_mask=True)),
    "causal.cross": (CROSS, lambda a, x, y: a(x, y, use_causal_mask=True)),
    "scores": (SELF, lambda a, x: a(x, x, return_attention_scores=True)),
    "scores.cross": (CROSS, lambda a, x, y: a(x, y, return_attention_scores=True)),
    "mask": ([SELF, (4, 4)], lambda a, x, m: a(x, x, attention_mask=m > 0)),
    "mask.bool": ([SELF, ("bool", 4, 4)], lambda a, x, m: a(x, x, attention_mask=m)),
    "mask.one": ([SELF, ("bool", 1, 4)], lambda a, x, m: a(x, x, attention_mask=m)),
    "masked": (SELF, lambda a, x: a(masked(x), masked(x))),
    "masked.query": (CROSS, lambda a, x, y: a(masked(x), y)),
    "masked.value": (CROSS, lambda a, x, y: a(x, masked(y))),
    "masked.causal": (SELF, lambda a, x: a(masked(x), masked(x), use_causal_mask=True)),
}
CONSTRUCTED = {
    "plain": {},
    "value_dim": {"value_dim": 5},
    "no_bias": {"use_bias": False},
    "dropout": {"dropout": 0.3},
    "output_shape": {"output_shape": 4},
    "one_head": {"num_heads": 1},
    "axes": {"attention_axes": 1},
    "no_flash": {"flash_attention": False} if MAJOR == 3 else {"kernel_initializer": "ones"},
}
DOT = {
    "self": (SELF, lambda a, x: a([x, x])),
    "cross": (CROSS, lambda a, x, y: a([x, y])),
    "three": ([*CROSS, (5, 4)], lambda a, x, y, z: a([x, z, y])),
    "long": ([(None, 6), (None, 6)], lambda a, x, y: a([x, y])),
    "scores": (CROSS, lambda a, x, y: a([x, y], return_attention_scores=True)),
    "causal": (SELF, lambda a, x: a([x, x], use_causal_mask=True)),
    "causal.cross": (CROSS, lambda a, x, y: a([x, y], use_causal_mask=True)),
    "masked": (CROSS, lambda a, x, y: a([masked(x), masked(y)])),
    "masked.value": (CROSS, lambda a, x, y: a([x, masked(y)])),
    "masked.query": (CROSS, lambda a, x, y: a([masked(x), y])),
    "mask": ([*CROSS, ("bool", 4), ("bool", 5)], lambda a, x, y, m, n: a([x, y], mask=[m, n])),
}
SCORES = {
    "Attention": [
        {},
        {"use_scale": True},
        {"score_mode": "concat"},
        {"score_mode": "concat", "use_scale": True},
        {"dropout": 0.2},
    ],
    "AdditiveAttention": [{}, {"use_scale": False}, {"dropout": 0.2}],
}


def cases():
    """Yield every constructor with every call."""
    for kind in ("MultiHeadAttention", *(["GroupedQueryAttention"] if MAJOR == 3 else [])):
        for name, (given, call) in CALLS.items():
            for form, arguments in CONSTRUCTED.items():
                if kind != "MultiHeadAttention" and form in (
                    "value_dim",
                    "output_shape",
                    "one_head",
                    "axes",
                ):
                    continue
                yield functional(
                    f"{kind}.{form}.{name}",
                    kind,
                    given,
                    lambda *x, c=call, k=kind, a=arguments: c(mha(kind=k, **a), *x),
                )
    for given, arguments in (
        ((2, 3, 4), {"attention_axes": (1, 2)}),
        ((2, 3, 4), {"attention_axes": 2}),
        ((2, 3, 4), {}),
    ):
        yield functional(
            f"MultiHeadAttention.rank4.{arguments}",
            "MultiHeadAttention",
            given,
            lambda x, a=arguments: mha(**a)(x, x),
        )
    if MAJOR == 3:
        for form in ({"use_gate": True}, {"sliding_window": 2}, {"seed": 3}):
            yield functional(
                f"GroupedQueryAttention.{form}",
                "GroupedQueryAttention",
                SELF,
                lambda x, a=form: mha(kind="GroupedQueryAttention", **a)(x, x),
            )
            yield functional(
                f"MultiHeadAttention.{form}",
                "MultiHeadAttention",
                SELF,
                lambda x, a=form: mha(**a)(x, x),
            )
    for kind, forms in SCORES.items():
        for name, (given, call) in DOT.items():
            for arguments in forms:
                yield functional(
                    f"{kind}.{'-'.join(map(str, (*arguments, *arguments.values())))}.{name}",
                    kind,
                    given,
                    lambda *x, c=call, k=kind, a=arguments: c(getattr(layers, k)(**a), *x),
                )


TABLES: list[Table] = []
CASES = list(cases())
