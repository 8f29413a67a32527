"""Models that need the companion module, on a running server."""

from __future__ import annotations

from pathlib import Path

from tests.fixtures.cases import CASES, Case, Tensor

IDS = (
    "keras2/companion_gru_long",
    "keras2/companion_operations_of_several",
    "keras3/companion_gru",
    "keras3/companion_bidirectional",
    "keras2/companion_lookups",
    "keras3/companion_any_size",
    "keras3/companion_activations_of_kinds",
    "keras3/companion_activation_objects",
    "keras3/companion_conv_lstm3d",
)

MODELS: tuple[Case, ...] = tuple(case for case in CASES if case.id in IDS)


def write_models(folder: Path) -> None:
    """Write the files into a folder that is served, each under its case's id."""
    for case in MODELS:
        path = folder / Path(case.id).parent / case.path.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(case.content)


def fed(tensor: Tensor) -> dict[str, object]:
    """Return a tensor as pages take it."""
    return {"shape": tensor.shape, "dtype": tensor.dtype, "values": tensor.values}
