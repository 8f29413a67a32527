"""model.json: from its parts to the canonical bytes.

Keys and their order are the official converter's (converters/common.py and
converters/keras_h5_conversion.py), so that equal models compare equal as text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfjs_serve.layers_format.weights import ManifestEntry

DIGEST_HEX = 16
"""Hex digits of the SHA-256 of model.json that name a version."""


@dataclass(frozen=True, slots=True)
class WeightsGroup:
    """A group of the weights manifest: shard paths relative to model.json, and what they hold."""

    paths: tuple[str, ...]
    weights: tuple[ManifestEntry, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the member of `weightsManifest`."""
        return {"paths": list(self.paths), "weights": [w.as_json() for w in self.weights]}


@dataclass(frozen=True, slots=True)
class ModelJson:
    """Everything a model.json says.

    model_config: `{"class_name", "config"}` of the model, in tfjs's terms.
    topology_training_config: Keras's words in the topology, where tfjs does not look.
    training_config: what tfjs compiles the model with; None to leave it uncompiled.
    """

    keras_version: str | None
    backend: str | None
    model_config: Mapping[str, Any]
    topology_training_config: Mapping[str, Any] | None
    groups: Sequence[WeightsGroup]
    converted_by: str
    metadata: Mapping[str, Any] | None = None
    training_config: Mapping[str, Any] | None = None

    def as_bytes(self) -> bytes:
        """Return the file; equal models give equal bytes, with no time and no path in them."""
        topology: dict[str, Any] = {
            "keras_version": self.keras_version,
            "backend": self.backend,
            "model_config": self.model_config,
        }
        if self.topology_training_config is not None:
            topology["training_config"] = self.topology_training_config
        document: dict[str, Any] = {
            "format": "layers-model",
            "generatedBy": f"keras v{self.keras_version}",
            "convertedBy": self.converted_by,
        }
        if self.metadata is not None:
            document["userDefinedMetadata"] = self.metadata
        document["modelTopology"] = topology
        if self.training_config is not None:
            document["trainingConfig"] = self.training_config
        document["weightsManifest"] = [group.as_json() for group in self.groups]
        # A browser's JSON.parse knows no NaN and no Infinity.
        return json.dumps(document, allow_nan=False).encode("ascii")


def digest(model_json: bytes) -> str:
    """Return the name of a version: first 16 hex digits of the SHA-256 of its model.json."""
    return hashlib.sha256(model_json).hexdigest()[:DIGEST_HEX]
