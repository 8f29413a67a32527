"""The plain list of models: one HTML page without scripts, from the same data as the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from tfjs_serve.companion import URL_PATH, register_snippet
from tfjs_serve.serving.style import STYLE
from tfjs_serve.visible import visible

_STATES = {"ready": "ready", "converting": "converting…", "failed": "refused"}
_UNITS = ("B", "kB", "MB", "GB", "TB")


def render(models: Iterable[Mapping[str, Any]], base: str) -> bytes:
    """Return the page for members of the API's `models`; `base` is this server's own URL."""
    articles = [_model(model, base) for model in models]
    count = f"{len(articles)} model{'' if len(articles) == 1 else 's'}"
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">\n'
        "<title>tfjs-serve</title>\n"
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<link rel="icon" href="data:,">\n'
        f"<style>{STYLE}</style></head>\n"
        f"<body><header><h1>tfjs-serve</h1><p>{count if articles else 'no models yet'}</p>"
        "</header>\n"
        f"<main>{''.join(articles) or _EMPTY}</main>\n"
        '<footer>Same data as JSON: <a href="/_tfjs-serve/api/models">/_tfjs-serve/api/models</a>'
        "</footer></body></html>\n"
    ).encode("utf-8", "backslashreplace")


_EMPTY = (
    '<article class="empty"><h2>The folder is empty</h2>'
    "<p>Save a whole Keras model into the folder that tfjs-serve watches, for instance with "
    "<code>model.save('digits.h5')</code>. It is converted at once, and this list shows its URL "
    "when you reload.</p></article>"
)


def _model(model: Mapping[str, Any], base: str) -> str:
    state = model["state"]
    return (
        f'<article class="{escape(state)}"><h2>{_text(model["name"])}'
        f'<span class="state">{_STATES.get(state, escape(state))}</span></h2>\n'
        f"{_progress(model)}{_error(model['error'])}"
        f"{_served(model, base) if model['served'] else ''}</article>\n"
    )


def _progress(model: Mapping[str, Any]) -> str:
    """Tell what a state means that leaves a reader waiting or with an older version."""
    if model["state"] == "converting":
        then = "the version below is served until it is done" if model["served"] else "reload soon"
        return f"<p>{_text(model['source'])} is being converted; {then}.</p>\n"
    if model["state"] == "failed" and model["served"]:
        return "<p>The newest file is refused; the last good version stays served.</p>\n"
    return ""


def _error(error: Mapping[str, Any] | None) -> str:
    if error is None:
        return ""
    untold = [reason for reason in error["reasons"] if reason["why"] not in error["message"]]
    reasons = "".join(f"<li>{_reason(reason)}</li>" for reason in untold)
    return (
        f'<div class="error"><p>{_text(error["message"], keep_lines=True)}</p>'
        f"{f'<ul>{reasons}</ul>' if reasons else ''}</div>\n"
    )


def _reason(reason: Mapping[str, Any]) -> str:
    where = ""
    if reason["layer"] is not None:
        kind = "" if reason["class"] is None else f" ({_text(reason['class'])})"
        where = f"<b>{_text(reason['layer'])}</b>{kind}: "
    remedy = f"<br>{_text(reason['remedy'], keep_lines=True)}" if reason["remedy"] else ""
    return f"{where}{_text(reason['why'], keep_lines=True)}{remedy}"


def _served(model: Mapping[str, Any], base: str) -> str:
    live, pinned = model["urls"]["live"], model["urls"]["pinned"]
    facts = (
        ("source", _text(model["source"])),
        ("size", f"{_size(model['bytes'])} in {_count(model['shards'], 'shard')}"),
        ("parameters", f"{model['parameters']:,} in {_count(model['layers'], 'layer')}"),
        ("in → out", f"{_tensors(model['inputs'])} → {_tensors(model['outputs'])}"),
        ("Keras", _text(model["keras_version"] or "unknown")),
        ("converted", f"{_text(model['converted_at'])} in {model['ms']:,} ms"),
        ("pinned", f'<a href="{escape(pinned)}">{escape(pinned)}</a>'),
    )
    rows = "".join(f"<dt>{term}</dt><dd>{value}</dd>" for term, value in facts)
    lines = [f"const model = await tf.loadLayersModel('{base}{live}');"]
    if model["needs_companion"]:
        lines.insert(0, f"{register_snippet(base + URL_PATH)};")
    snippet = escape("\n".join(lines), quote=False)
    warnings = "".join(f"<li>{_warning(warning)}</li>" for warning in model["warnings"])
    return (
        f"<pre><code>{snippet}</code></pre>\n<dl>{rows}</dl>\n"
        f"{_COMPANION if model['needs_companion'] else ''}"
        f"{f'<ul class=warnings>{warnings}</ul>' if warnings else ''}"
    )


_COMPANION = (
    "<p>It has layers that TensorFlow.js lacks: the first line makes them known to it. A page with "
    f'a script tag for tf.js may have <code>&lt;script type="module" src="{URL_PATH}"&gt;</code> '
    "instead, with this server's address before it.</p>\n"
)


def _warning(warning: Mapping[str, Any]) -> str:
    where = "" if warning["layer"] is None else f"<b>{_text(warning['layer'])}</b>: "
    return where + _text(warning["text"], keep_lines=True)


def _tensors(tensors: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{_text(tensor['name'])} <span class=shape>{_shape(tensor['shape'])} "
        f"{_text(tensor['dtype'])}</span>"
        for tensor in tensors
    )


def _shape(shape: Iterable[int | None]) -> str:
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"


def _text(text: str, *, keep_lines: bool = False) -> str:
    """Return a stranger's text as HTML that can neither end its element nor turn the line."""
    return f"<bdi>{escape(visible(text, keep_lines=keep_lines))}</bdi>"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _size(nbytes: int) -> str:
    """Return a size in decimal units, as file managers show it."""
    size, unit = float(nbytes), 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 or size >= 10 else f"{size:.1f} {_UNITS[unit]}"
