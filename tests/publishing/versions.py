"""Model files whose every weight tells its version, and a client that checks each byte it gets.

Version 7 holds in its n-th tensor nothing but 7 * 64 + n; the first tensor is the same in all
versions, so that versions share a shard, as they do when only the head is trained again.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import struct
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from urllib.parse import urljoin

import h5py

from tests.command import ROOT

TEMPLATE = ROOT / "sample_models" / "digits_keras3.h5"
SHARD_BYTES = 4096
"""Small, so that a version has many shards."""

SETTINGS = f'[[models]]\nmatch = "*"\nweight_shard_size_bytes = {SHARD_BYTES}\n'
_TENSORS = 64


class Wrong(Exception):
    """What a client got is no version of the model; the text begins with mixed, missing, broken."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a client got."""

    version: int
    digest: str


@cache
def _places() -> tuple[tuple[int, int], ...]:
    """Return offset and number of the values of each tensor in the template."""
    places: list[tuple[int, int]] = []

    def note(_: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            places.append((item.id.get_offset(), prod(item.shape)))

    with h5py.File(TEMPLATE, "r", locking=False) as file:
        file["model_weights"].visititems(note)
    return tuple(places)


def content(version: int) -> bytes:
    """Return the model file of a version, from 1."""
    data = bytearray(TEMPLATE.read_bytes())
    for index, (offset, count) in enumerate(_places()):
        value = float(version * _TENSORS + index if index else 0)
        data[offset : offset + 4 * count] = struct.pack("<f", value) * count
    return bytes(data)


def save(path: Path, version: int) -> None:
    """Put a version where a model is watched, complete at once, as a careful writer does."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content(version))
    partial.replace(path)


def load(port: int, name: str) -> Loaded:
    """Load a model as a browser does, and check all of it; Wrong if there is anything to find."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        path = f"/{name}/model.json"
        headers, model_json = _get(connection, path)
        digest = headers["ETag"].strip('"')
        if hashlib.sha256(model_json).hexdigest()[:16] != digest:
            raise Wrong("broken: model.json is not what its validator says")
        groups = json.loads(model_json)["weightsManifest"]
        data = b""
        for group in groups:
            for shard in group["paths"]:
                _, part = _get(connection, urljoin(path, shard))
                check_shard(shard, part)
                data += part
        return Loaded(version_of(groups, data), digest)
    except (http.client.HTTPException, ValueError) as error:
        raise Wrong(f"broken: {error!r}") from error
    finally:
        connection.close()


def read(folder: Path, name: str) -> int:
    """Return the version of a model in a served folder read as a static site; Wrong as `load`."""
    path = folder / name / "model.json"
    try:
        groups = json.loads(path.read_bytes())["weightsManifest"]
        shards = [path.parent / shard for group in groups for shard in group["paths"]]
        parts = [Path(os.path.normpath(shard)).read_bytes() for shard in shards]
    except (OSError, ValueError) as error:
        raise Wrong(f"broken: {error!r}") from error
    for shard, part in zip(shards, parts, strict=True):
        check_shard(shard.name, part)
    return version_of(groups, b"".join(parts))


def check_shard(path: str, data: bytes) -> None:
    """Check that a shard holds what its name says; Wrong if not."""
    name = path.rpartition("/")[2]
    if name != f"{hashlib.sha256(data).hexdigest()[:32]}.bin":
        raise Wrong(f"mixed: shard {name} holds other bytes")


def version_of(groups: list[dict[str, list[dict[str, list[int]]]]], data: bytes) -> int:
    """Return the one version that all tensors tell of; Wrong when there are several."""
    found: set[int] = set()
    for group in groups:
        for weight in group["weights"]:
            count = prod(weight["shape"])
            values = set(struct.unpack(f"<{count}f", data[: 4 * count]))
            data = data[4 * count :]
            if len(values) != 1:
                raise Wrong(f"mixed: a tensor holds {len(values)} values")
            found.add(int(values.pop()) // _TENSORS)
    found.discard(0)
    if data or len(found) != 1:
        raise Wrong(f"mixed: versions {sorted(found)}, {len(data)} bytes too many")
    return found.pop()


def _get(
    connection: http.client.HTTPConnection, path: str
) -> tuple[http.client.HTTPMessage, bytes]:
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    if response.status != http.client.OK:
        raise Wrong(f"missing: {response.status} for {path}")
    return response.headers, body
