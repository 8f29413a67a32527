"""Shards: bytes of the content-addressed store, read in slices off the loop."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from aiohttp import hdrs, web

from tfjs_serve.library import Library
from tfjs_serve.library.folder import is_right, open_regular
from tfjs_serve.serving.answers import problem, validated
from tfjs_serve.serving.targets import Target

_SLICE_BYTES = 4 * 1024 * 1024
"""A shard of the usual size is one read and one write."""


async def answer_shard(
    library: Library, request: web.Request, target: Target
) -> web.StreamResponse:
    """Answer with a shard of a kept version; 404 without a body for anything else."""
    path = library.shard(target.name) if target.name else None
    if path is None:
        return problem(target, HTTPStatus.NOT_FOUND, "")
    response = validated(request, target, target.name.removesuffix(".bin"))
    if response.status != HTTPStatus.OK:
        return response
    wanted = 0 if request.method == hdrs.METH_HEAD else _SLICE_BYTES
    try:
        if library.shelf.is_unchecked(target.name):
            library.shelf.note_checked(target.name, await asyncio.to_thread(is_right, path))
        file, part, nbytes = await asyncio.to_thread(_open, path, wanted)
    except FileNotFoundError:
        return problem(target, HTTPStatus.NOT_FOUND, "")
    if file is not None:
        return await _sliced(request, response, file, part, nbytes)
    response.body = part
    response.headers[hdrs.CONTENT_LENGTH] = str(nbytes)
    return response


async def _sliced(
    request: web.Request, head: web.Response, file: BinaryIO, part: bytes, nbytes: int
) -> web.StreamResponse:
    """Send a large shard part by part, then close it; one that ends early breaks the connection.

    Weights cut short must fail as a network error does, which tfjs notices (browser.md T1). The
    file stays open meanwhile: when its version is kept no longer, its name goes, not its bytes.
    """
    with file:
        response = web.StreamResponse(headers=head.headers)
        response.content_length = nbytes
        await response.prepare(request)
        offset = 0
        while part:
            await response.write(part)
            offset += len(part)
            try:
                part = await asyncio.to_thread(file.read, _SLICE_BYTES)
            except OSError:
                break
        if offset < nbytes and request.transport is not None:
            request.transport.abort()
        return response


def _open(path: Path, wanted: int) -> tuple[BinaryIO | None, bytes, int]:
    """Return the beginning of a file and its size; the file too when more of it is wanted."""
    with ExitStack() as opened:
        file = opened.enter_context(open_regular(path))
        nbytes = os.fstat(file.fileno()).st_size
        part = file.read(wanted)
        if not wanted or len(part) >= nbytes:
            return None, part, nbytes
        opened.pop_all()
        return file, part, nbytes
