"""Weights on the wire: dtypes, manifest entries, and how tensors are cut into shards.

Source: tfjs-converter/python/tensorflowjs/write_weights.py for the layout, tfjs-core/src/io/
io_utils.ts (`decodeWeights`) for what can be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

_NUMBERS = ("f4", "f2", "f8", "i2", "i4", "i8", "u2", "u4", "u8")
_BYTES = ("|i1", "|u1", "|b1")
_BFLOAT16 = "|V2"

WRITTEN_AS = MappingProxyType(
    dict.fromkeys((*(f"{e}{n}" for n in _NUMBERS for e in "<>"), *_BYTES, _BFLOAT16), "<f4")
)
"""Stored NumPy type -> little-endian type in a shard; a layer's variable is float32 in tfjs."""

WEIGHT_TYPE = "<f4"
"""What every weight of a layer is written as."""

MANIFEST_DTYPES = MappingProxyType({"<f4": "float32"})
"""Type in a shard -> `dtype` of its manifest entry."""

ITEM_BYTES = MappingProxyType({"<f4": 4})


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One weight of a `weightsManifest` group.

    dtype: what tfjs makes of it, also of a quantised one.
    quantization: how its bytes are decoded, in the official order of keys.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the entry with the official converter's key order."""
        entry: dict[str, Any] = {"name": self.name, "shape": list(self.shape), "dtype": self.dtype}
        if self.quantization is not None:
            entry["quantization"] = dict(self.quantization)
        return entry


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of bytes of one tensor, as written: `tensor` is its position in the plan."""

    tensor: int
    start: int
    stop: int


def cut_anywhere(sizes: Sequence[int], shard_bytes: int) -> list[list[Piece]]:
    """Return shards of `shard_bytes` each, the last one shorter, as the official tool cuts.

    sizes: bytes of each tensor in order. A tensor may span shards, an element too.
    """
    return _cut(sizes, shard_bytes, keeps_whole=False)


def cut_groups(groups: Sequence[Sequence[int]], shard_bytes: int) -> list[list[list[Piece]]]:
    """Return the shards of each group, cut as above; tensors are counted through all groups."""
    found = []
    first = 0
    for sizes in groups:
        shards = cut_anywhere(sizes, shard_bytes)
        found.append(
            [[Piece(first + piece.tensor, piece.start, piece.stop) for piece in s] for s in shards]
        )
        first += len(sizes)
    return found


def shard_names(group: int, count: int) -> tuple[str, ...]:
    """Return the official names of the shards of a group; both are counted from 1."""
    return tuple(f"group{group}-shard{i + 1}of{count}.bin" for i in range(count))


def cut_between_tensors(sizes: Sequence[int], shard_bytes: int) -> list[list[Piece]]:
    """Return shards of at most `shard_bytes` that end where a tensor ends.

    Only a tensor larger than a shard is cut, so a changed tensor changes as few shards as can
    be. Such a tensor begins in the room that is left, which keeps small ones from having a shard
    to themselves.
    """
    return _cut(sizes, shard_bytes, keeps_whole=True)


def _cut(sizes: Sequence[int], shard_bytes: int, *, keeps_whole: bool) -> list[list[Piece]]:
    shards: list[list[Piece]] = []
    room = 0
    for tensor, size in enumerate(sizes):
        if keeps_whole and room < size <= shard_bytes:
            room = 0
        start = 0
        while start < size:
            if room == 0:
                shards.append([])
                room = shard_bytes
            stop = min(size, start + room)
            shards[-1].append(Piece(tensor, start, stop))
            room -= stop - start
            start = stop
    return shards
