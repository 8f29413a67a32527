from __future__ import annotations

import asyncio
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.serving.harness import SUMMARY, library_in, publish, running
from tfjs_serve.artifacts import TensorInfo
from tfjs_serve.errors import ConversionError, Reason
from tfjs_serve.library import Library
from tfjs_serve.report import Note
from tfjs_serve.serving.api import models_json
from tfjs_serve.serving.listing import render
from tfjs_serve.serving.style import CONTENT_SECURITY_POLICY, STYLE, STYLE_HASH

HOSTILE = "<script>alert(1)</script>'\"&\u202e\x1b[31m\x00\udc80"


class Page(HTMLParser):
    """What a reader sees, and which elements a browser makes."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(body.decode())
        self.close()
        assert self.open == []

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return library_in(tmp_path)


def page_of(library: Library) -> Page:
    return Page(render(models_json(library)["models"], "http://localhost:8000"))


def test_an_empty_folder(library: Library) -> None:
    text = page_of(library).text
    assert "The folder is empty" in text
    assert "model.save('digits.h5')" in text


def test_a_model(library: Library) -> None:
    artifacts = publish(library, "vision/digits", weights=bytes(4_300_000))
    text = page_of(library).text
    for words in (
        "1 model",
        "vision/digits",
        "await tf.loadLayersModel('http://localhost:8000/vision/digits/model.json');",
        "4.3 MB in 1 shard",
        "64 in 3 layers",
        "x [?, 8, 8, 1] float32 → probabilities [?, 10] float32",
        "3.15.1",
        "dense: the regularizer is left out",
        f"/vision/digits@{artifacts.digest}/model.json",
    ):
        assert words in text


def test_a_model_that_needs_the_companion_module(library: Library) -> None:
    publish(library, "digits", summary=replace(SUMMARY, needs_companion=True))
    text = page_of(library).text
    assert (
        "(await import('http://localhost:8000/_tfjs-serve/layers.js')).register(tf); "
        "const model = await tf.loadLayersModel('http://localhost:8000/digits/model.json');"
    ) in text
    assert "It has layers that TensorFlow.js lacks" in text
    assert '<script type="module" src="/_tfjs-serve/layers.js">' in text


def test_a_refusal_is_shown_whole(library: Library) -> None:
    publish(library, "digits")
    reasons = [
        Reason("holds Python code", "lambda_1", "Lambda", "write it as layers"),
        Reason("the file has no optimizer"),
    ]
    library.fail("digits", "digits.h5", ConversionError("digits.h5: cannot be converted", reasons))
    text = page_of(library).text
    assert "The newest file is refused; the last good version stays served." in text
    assert "digits.h5: cannot be converted" in text
    assert "lambda_1 (Lambda): holds Python codewrite it as layers" in text  # <br> between
    assert "the file has no optimizer" in text
    assert "loadLayersModel" in text


def test_a_first_conversion(library: Library) -> None:
    library.begin("digits", "digits.h5")
    text = page_of(library).text
    assert "digits.h5 is being converted; reload soon." in text
    assert "loadLayersModel" not in text


def test_a_reason_that_the_message_tells_is_not_told_again(library: Library) -> None:
    reasons = [Reason("holds code", "f", "Lambda", "rewrite it"), Reason("has a mask", "e", "X")]
    library.begin("bad", "bad.h5")
    library.fail("bad", "bad.h5", ConversionError(f"{reasons[0]} (and 1 more reason)", reasons))
    text = page_of(library).text
    assert text.count("holds code") == 1
    assert text.count("has a mask") == 1


def test_nothing_of_a_stranger_becomes_markup() -> None:
    tensor = TensorInfo(HOSTILE, (None,), HOSTILE)
    summary = replace(
        SUMMARY,
        inputs=(tensor,),
        outputs=(tensor,),
        keras_version=HOSTILE,
        warnings=(Note(HOSTILE, HOSTILE),),
    )
    described = summary.as_json() | {
        "name": HOSTILE,
        "state": "failed",
        "served": True,
        "urls": {"live": "/x/model.json", "pinned": "/x@0/model.json"},
        "source": HOSTILE,
        "bytes": 0,
        "shards": 0,
        "converted_at": "2026-01-01T00:00:00Z",
        "ms": 0,
        "error": {
            "message": HOSTILE,
            "reasons": [Reason(f"{HOSTILE}!", HOSTILE, HOSTILE, HOSTILE).as_json()],
        },
    }
    page = Page(render([described], "http://localhost:8000"))
    assert not {"script", "iframe", "img"} & set(page.tags)
    spelled = "<script>alert(1)</script>'\"&\\u202e\\x1b[31m\\x00\\udc80"
    assert page.text.count(spelled) == 14
    assert not [word for word in page.text if not word.isprintable()]


def test_over_http(library: Library) -> None:
    publish(library, "digits")

    async def scenario() -> None:
        async with running(library) as server:
            host = f"localhost:{server.port}"
            page = await server.ask("GET", "/", host=host)
            assert await server.ask("GET", "/_tfjs-serve/", host=host) == page
            assert f"loadLayersModel('http://{host}/digits/model.json')" in page.body.decode()
            assert page.headers == {
                "cache-control": "no-cache",
                "etag": page.headers["etag"],
                "content-type": "text/html; charset=utf-8",
                "content-length": str(len(page.body)),
                "content-security-policy": CONTENT_SECURITY_POLICY,
                "referrer-policy": "no-referrer",
                "x-content-type-options": "nosniff",
                "cross-origin-resource-policy": "same-site",
            }
            again = await server.ask("GET", "/", {"If-None-Match": page.headers["etag"]}, host=host)
            assert (again.status, again.body) == (304, b"")
            publish(library, "digits", model_json=b"{}")
            changed = await server.ask(
                "GET", "/", {"If-None-Match": page.headers["etag"]}, host=host
            )
            assert changed.status == 200

    asyncio.run(scenario())


def test_the_style_is_the_one_the_policy_allows() -> None:
    assert f"style-src 'sha256-{STYLE_HASH}'" in CONTENT_SECURITY_POLICY
    assert b"<style>" + STYLE.encode() + b"</style>" in render([], "http://localhost")
