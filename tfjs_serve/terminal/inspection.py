"""A model file as a person reads it: facts, a table of layers, what a conversion would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tfjs_serve.artifacts import TensorInfo
from tfjs_serve.inspection import Inspection, LayerInfo, walk
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.terminal.report import report_lines
from tfjs_serve.terminal.words import cut, escape, hanging, padded, refusal_lines, width

Paint = Callable[[str, str], str]

_LABEL = 10
_INDENT = 4
_GAP = 2

HEADINGS = {
    NoteKind.DROPPED: "Left out",
    NoteKind.ACCURACY: "Accuracy",
    NoteKind.TRAINING: "Further training",
    NoteKind.BACKEND: "Backends",
    NoteKind.PAGE: "The page",
    NoteKind.OTHER: "Notes",
}


def inspection_lines(
    found: Inspection, columns: int = 80, paint: Paint = lambda style, text: text
) -> Iterator[str]:
    """Yield the lines, each at most as wide as `columns` unless a single word is wider."""
    for label, text in _facts(found):
        yield f"{paint('dim', f'{label:<{_LABEL}}')}{hanging(escape(text), _LABEL, columns)}"
    if found.layers:
        yield ""
        yield from _table(found.layers, columns, paint)
    for kind, heading in HEADINGS.items():
        notes = found.report.of_kind(kind)
        if notes:
            yield ""
            yield paint("bold", heading)
            yield from _hung(map(_told, notes), columns)
    rules = list(report_lines(found.report))
    if rules:
        yield ""
        yield paint("bold", "Conversion")
        yield from _hung(rules, columns)
    if found.error is not None:
        headline, *rest = refusal_lines(found.error.message, found.error.reasons)
        yield ""
        yield paint("bad", "Refused")
        yield from _hung([headline], columns)
        yield from _hung(rest, columns)


def _facts(found: Inspection) -> Iterator[tuple[str, str]]:
    kind = f"{found.kind} model {found.name}" if found.name is not None else "no model"
    yield "Model", f"{found.file}: {kind}" if found.container is not None else found.file
    if found.container is not None:
        yield from _contents(found)
    yield "Converts", _page(found) if found.error is None else "no"


def _contents(found: Inspection) -> Iterator[tuple[str, str]]:
    backend = f" on {found.backend}" if found.backend else ""
    yield "Saved", f"as {found.container} by Keras {found.keras_version or '(unknown)'}{backend}"
    for label, tensors in (("Inputs", found.inputs), ("Outputs", found.outputs)):
        if tensors:
            yield label, ", ".join(map(_tensor, tensors))
    dtypes = ", ".join(f"{count:,} {dtype}" for dtype, count in found.dtypes.items())
    count = sum(1 for _ in walk(found.layers))
    size = f"{count} layer{'s' * (count != 1)}, {found.parameters:,} parameters"
    yield "Size", size if found.dtypes.keys() <= {"float32"} else f"{size} ({dtypes})"
    if (training := found.training) is not None:
        told = [training.optimizer or "no optimizer", *training.loss]
        metrics = f", metrics {', '.join(training.metrics)}" if training.metrics else ""
        kept = "" if training.is_kept else " (not for the browser)"
        yield "Compiled", f"{', '.join(told)}{metrics}{kept}"


def _page(found: Inspection) -> str:
    needs = ["the companion module"] if found.needs_companion else []
    needs += [f"the class {name}" for name in found.custom_classes]
    return f"yes; the page registers {', '.join(needs)}" if needs else "yes"


def _tensor(tensor: TensorInfo) -> str:
    return f"{tensor.name} {shape_text(tensor.shape)} {tensor.dtype}"


def shape_text(shape: Sequence[int | None] | None) -> str:
    """Return a shape with `?` for lengths that vary, `unknown` for none at all."""
    if shape is None:
        return "unknown"
    return f"[{', '.join('?' if length is None else str(length) for length in shape)}]"


def _told(note: Note) -> str:
    where = f"layer {note.layer!r}: " if note.layer is not None else ""
    return where + note.text


def _table(layers: tuple[LayerInfo, ...], columns: int, paint: Paint) -> Iterator[str]:
    """Yield a row for each layer; names and classes are cut where the terminal is narrow."""
    rows = [("Layer", "Class", "Output", "Parameters")]
    rows += [_row(layer, depth) for layer, depth in walk(layers)]
    widths = [max(width(row[column]) for row in rows) for column in range(4)]
    # Shapes say more than long names; what is left is for the names, then for the classes.
    room = columns - widths[3] - 3 * _GAP
    widths[2] = min(widths[2], room // 2)
    room -= widths[2]
    widths[1] = min(widths[1], max(room - widths[0], room // 2))
    widths[0] = min(widths[0], room - widths[1])
    for index, row in enumerate(rows):
        cells = [padded(cut(cell, size), size) for cell, size in zip(row, widths, strict=True)]
        cells[3] = " " * (widths[3] - width(row[3])) + row[3]
        line = (" " * _GAP).join(cells)
        yield paint("dim", line) if index == 0 else line.rstrip()


def _row(layer: LayerInfo, depth: int) -> tuple[str, str, str, str]:
    shapes = ", ".join(map(shape_text, layer.shapes))
    frozen = "" if layer.is_trainable or not layer.parameters else " (frozen)"
    name = "  " * depth + escape(layer.name)
    return name, escape(layer.class_name) + frozen, shapes, f"{layer.parameters:,}"


def _hung(texts: Iterator[str] | Sequence[str], columns: int) -> Iterator[str]:
    for text in texts:
        yield "  " + hanging(escape(text), _INDENT, columns)
