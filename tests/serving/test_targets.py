from __future__ import annotations

import pytest

from tfjs_serve.serving.headers import Kind
from tfjs_serve.serving.targets import Target, parse_target

HASH = "0123456789abcdef0123456789abcdef"
DIGEST = "0123456789abcdef"


@pytest.mark.parametrize(
    "path",
    [
        "*",
        "",
        "model.json",
        "/digits",
        "/digits/",
        "/model.json",
        "/digits/model.json/",
        "/digits/model.json/..",
        "/digits/MODEL.JSON",
        "/digits%2Fmodel.json",
        "/vision%2Fmnist/model.json",
        "/vision%2fmnist/model.json",
        "/digits%00/model.json",
        "/%FF/model.json",
        "/%ED%B2%80/model.json",
        "/_tfjs-serve",
        "/favicon.ico",
        f"/digits@{DIGEST.upper()}/model.json",
        "/digits@0123/model.json",
        "/digits@/model.json",
        f"/@{DIGEST}/model.json",
        f"/_w%2F{HASH}.txt",
    ],
)
def test_no_name(path: str) -> None:
    assert parse_target(path).kind in (Kind.UNKNOWN, Kind.UNKNOWN_INTERNAL)


@pytest.mark.parametrize(
    "path",
    [
        "/_w",
        "/_w/",
        "/_w/short.bin",
        f"/_w/{HASH}",
        f"/_w/{HASH}.bin/",
        f"/_w/{HASH.upper()}.bin",
        f"/_w/{HASH}.bin%00",
        f"/_w/..%2F{HASH}.bin",
        f"/_w/..\\{HASH}.bin",
        f"/_w/../{HASH}.bin",
        f"/_w//{HASH}.bin",
        f"//_w/{HASH}.bin",
        f"/_w%2F{HASH}.bin",
        f"/_w/{HASH}.bin::$DATA",
        "/digits/group1-shard1of1.bin",
        "/..%2f..%2fetc/passwd.bin",
    ],
)
def test_no_shard(path: str) -> None:
    target = parse_target(path)
    assert target == Target(Kind.SHARD) or target.kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/digits/model.json", Target(Kind.ALIAS, "digits")),
        ("/%64igits/model%2Ejson", Target(Kind.ALIAS, "digits")),
        ("/vision/mnist/model.json", Target(Kind.ALIAS, "vision/mnist")),
        ("/a%20b/%C3%BC/model.json", Target(Kind.ALIAS, "a b/ü")),
        ("/a%23%3F/model.json", Target(Kind.ALIAS, "a#?")),
        ("/a%5Cb/model.json", Target(Kind.ALIAS, "a\\b")),
        ("/../model.json", Target(Kind.ALIAS, "..")),
        ("/%2e%2e/model.json", Target(Kind.ALIAS, "..")),
        ("//digits/model.json", Target(Kind.ALIAS, "/digits")),
        (f"/a/b@{DIGEST}/model.json", Target(Kind.PINNED, "a/b", DIGEST)),
        (f"/a/b%40{DIGEST}/model.json", Target(Kind.PINNED, "a/b", DIGEST)),
        (f"/_w/{HASH}.bin", Target(Kind.SHARD, f"{HASH}.bin")),
        (f"/%5Fw/{HASH}.bin", Target(Kind.SHARD, f"{HASH}.bin")),
        ("/", Target(Kind.PAGE)),
        ("/_tfjs-serve/", Target(Kind.PAGE)),
        ("/healthz", Target(Kind.HEALTH)),
        ("/_tfjs-serve/health", Target(Kind.HEALTH)),
        ("/_tfjs-serve/events", Target(Kind.EVENTS)),
        ("/_tfjs-serve/api/models", Target(Kind.API_MODELS)),
        ("/_tfjs-serve/api/models/a/b", Target(Kind.API_MODEL, "a/b")),
        (
            "/_tfjs-serve/api/models/",
            Target(Kind.UNKNOWN_INTERNAL, "_tfjs-serve/api/models/"),
        ),
        (
            "/_tfjs-serve/api/models/a%2Fb",
            Target(Kind.UNKNOWN_INTERNAL, "_tfjs-serve/api/models/a%2Fb"),
        ),
        ("/_tfjs-serve/layers.js", Target(Kind.MODULE)),
        (
            f"/_tfjs-serve/layers@{DIGEST}.js",
            Target(Kind.PINNED_MODULE, f"layers@{DIGEST}.js", DIGEST),
        ),
        ("/_tfjs-serve/layers.d.ts", Target(Kind.UNKNOWN_INTERNAL, "_tfjs-serve/layers.d.ts")),
        ("/_tfjs-serve/layers@0.js", Target(Kind.UNKNOWN_INTERNAL, "_tfjs-serve/layers@0.js")),
        ("/_tfjs-serve/x", Target(Kind.UNKNOWN_INTERNAL, "_tfjs-serve/x")),
        ("/_tfjs-serve/events/", Target(Kind.UNKNOWN_INTERNAL, "_tfjs-serve/events/")),
    ],
)
def test_names(path: str, target: Target) -> None:
    assert parse_target(path) == target
