"""Which file is served under which name, and which files cannot be (contract, Names)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.refusals import SAVE_WHOLE, refusal
from tfjs_serve.names import check_name, model_name

_WEIGHTS_ONLY = ".weights.h5"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source is listed: its name, and why it is not served when it cannot be."""

    name: str
    error: ConversionError | None = None


def assign(sources: Iterable[str]) -> dict[str, Place]:
    """Give every source a name of its own; the first in byte order keeps a name several want.

    Names that differ in case only are the same: some file systems and hosts take them for one.
    """
    places: dict[str, Place] = {}
    owners: dict[str, str] = {}
    refused: list[tuple[str, str, ConversionError]] = []
    for source in sorted(sources, key=os.fsencode):
        name = model_name(PurePosixPath(source))
        error = _refuse(source, name)
        if error is not None:
            refused.append((source, _printable(name), error))
        elif name.casefold() in owners:
            owner = owners[name.casefold()]
            wanted = source if places[owner].name == name else name
            refused.append((source, wanted, _collision(source, name, owner)))
        else:
            owners[name.casefold()] = source
            places[source] = Place(name)
    taken = {place.name for place in places.values()}
    for source, wanted, error in refused:
        name = wanted
        number = 2
        while name in taken:
            name = f"{wanted} ({number})"
            number += 1
        taken.add(name)
        places[source] = Place(name, error)
    return places


def _refuse(source: str, name: str) -> ConversionError | None:
    try:
        source.encode()
    except UnicodeEncodeError:
        return refusal(_printable(source), "has a name that is not UTF-8", "rename the file")
    if source.lower().endswith(_WEIGHTS_ONLY):
        return refusal(source, "holds weights only, without the model around them", SAVE_WHOLE)
    try:
        check_name(name, PurePosixPath(source))
    except ConversionError as error:
        return error
    return None


def _collision(source: str, name: str, owner: str) -> ConversionError:
    return refusal(source, f"cannot be served as {name!r}, the name of {owner}", "rename one")


def _printable(text: str) -> str:
    return os.fsencode(text).decode("utf-8", "replace")
