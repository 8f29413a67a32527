"""Low-rank updates of a kernel are added to it.

Before: Dense {"lora_rank": 2, "lora_alpha": 4}, weights kernel, lora_kernel_a, lora_kernel_b
After:  Dense, weight kernel = kernel + 4/2 * lora_kernel_a @ lora_kernel_b

That is the kernel Keras computes with (keras/src/layers/core/dense.py, `kernel`; the same in
einsum_dense.py, embedding.py and base_conv.py). An archive holds the sum already.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tfjs_serve.graph import Computed, Layer, Weight
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, not_supported, with_fields

TRAINS_ALL = "further training changes the whole kernel, in Keras only its update of low rank"


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Merge the two small matrices of a layer into its large one."""
    rank = layer.config.get("lora_rank")
    if rank is None:
        return None
    alpha = layer.config.get("lora_alpha")
    alpha = rank if alpha is None else alpha
    if layer.config.get("quantization_config") is not None or not _is_scale(rank, alpha):
        return not_supported(layer, f"lora_rank = {rank!r} with these other fields")
    by_role = {weight.name: weight for weight in layer.weights}
    weights = tuple(
        _merged(weight, by_role, alpha / rank)
        for weight in layer.weights
        if not weight.name.startswith("lora_")
    )
    plain = with_fields(layer, {}, "lora_rank", "lora_alpha")
    note = Note(TRAINS_ALL, layer.name, NoteKind.TRAINING)
    return Rewrite(replace(plain, weights=weights), (note,))


def _is_scale(rank: Any, alpha: Any) -> bool:
    return isinstance(rank, int) and rank > 0 and isinstance(alpha, int | float)


def _merged(weight: Weight, by_role: dict[str, Weight], scale: float) -> Weight:
    small = [by_role.get(f"lora_{weight.name}_{side}") for side in "ab"]
    a, b = small
    if a is None or b is None:
        return weight

    def compute(large: Any, left: Any, right: Any) -> Any:
        return large + scale * (left @ right)

    sources = (weight.values, a.values, b.values)
    return Weight(weight.name, Computed(weight.shape, sources, compute, ("lora", scale)))
