from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.serving.harness import library_in, publish, running
from tfjs_serve.errors import ConversionError, Reason
from tfjs_serve.library import Library
from tfjs_serve.serving.api import model_json, models_json

NOTHING_SERVED = {
    "digest": None,
    "bytes": None,
    "shards": None,
    "layers": None,
    "parameters": None,
    "inputs": None,
    "outputs": None,
    "keras_version": None,
    "trainable": None,
    "needs_companion": None,
    "custom_classes": None,
    "warnings": None,
    "converted_at": None,
    "ms": None,
}
SERVED = {
    "digest": "44136fa355b3678a",
    "bytes": 10,
    "shards": 1,
    "layers": 3,
    "parameters": 64,
    "inputs": [{"name": "x", "shape": [None, 8, 8, 1], "dtype": "float32"}],
    "outputs": [{"name": "probabilities", "shape": [None, 10], "dtype": "float32"}],
    "keras_version": "3.15.1",
    "trainable": True,
    "needs_companion": False,
    "custom_classes": [],
    "warnings": [{"layer": "dense", "text": "the regularizer is left out", "kind": "dropped"}],
    "converted_at": "2026-01-01T00:00:00Z",
    "ms": 12,
}
URLS = {
    "live": "/a%20b/%C3%BC/model.json",
    "pinned": "/a%20b/%C3%BC@44136fa355b3678a/model.json",
}
ERROR = {
    "message": "no",
    "reasons": [{"layer": "l", "class": "Lambda", "why": "why", "remedy": None}],
}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return library_in(tmp_path)


def _model(library: Library) -> dict[str, Any]:
    entry = library.entry("a b/ü")
    assert entry is not None
    return model_json(entry)


def test_no_models(library: Library) -> None:
    assert models_json(library) == {"revision": 0, "models": []}


@pytest.mark.parametrize("was_served", [False, True], ids=["first", "again"])
@pytest.mark.parametrize("state", ["converting", "failed", "ready"])
def test_model(library: Library, state: str, was_served: bool) -> None:
    if was_served:
        publish(library, "a b/ü", model_json=b"{}")
    library.begin("a b/ü", "a b/ü.h5")
    if state == "ready":
        publish(library, "a b/ü", model_json=b"{}")
    elif state == "failed":
        reasons = [Reason("why", "l", "Lambda")]
        library.fail("a b/ü", "a b/ü.h5", ConversionError("no", reasons))
    served = was_served or state == "ready"
    assert _model(library) == {
        "name": "a b/ü",
        "state": state,
        "served": served,
        "urls": URLS if served else URLS | {"pinned": None},
        "source": "a b/ü.h5",
        **(SERVED if served else NOTHING_SERVED),
        "error": ERROR if state == "failed" else None,
    }


def test_over_http(library: Library) -> None:
    publish(library, "vision/digits")
    library.begin("q", "q.h5")

    async def scenario() -> None:
        async with running(library) as server:
            answer = await server.ask("GET", "/_tfjs-serve/api/models")
            assert json.loads(answer.body) == models_json(library)
            one = await server.ask("GET", "/_tfjs-serve/api/models/vision/digits")
            assert json.loads(one.body) == {
                **models_json(library)["models"][1],
                "report": {
                    "rules": [
                        {"layer": "dense", "rules": ["dtype_policies", "regularizers"]},
                        {"layer": None, "rules": ["call_order"]},
                    ],
                    "notes": SERVED["warnings"],
                    "quantization": None,
                },
            }
            nothing = await server.ask("GET", "/_tfjs-serve/api/models/q")
            assert json.loads(nothing.body)["report"] is None
            for known in (answer, one):
                assert known.headers["cache-control"] == "no-cache"
                assert known.headers["content-type"] == "application/json"
            known_tag = {"If-None-Match": answer.headers["etag"]}
            again = await server.ask("GET", "/_tfjs-serve/api/models", known_tag)
            assert (again.status, again.body) == (304, b"")
            library.withdraw("q")
            changed = await server.ask("GET", "/_tfjs-serve/api/models", known_tag)
            assert changed.status == 200

    asyncio.run(scenario())
