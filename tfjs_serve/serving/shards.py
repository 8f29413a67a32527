"""Shards: bytes of the content-addressed store, read in slices off the loop."""

from __future__ import annotations

import asyncio
import os
from http import HTTPStatus
from pathlib import Path

from aiohttp import hdrs, web

from tfjs_serve.library import Library
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
        part, nbytes = await asyncio.to_thread(_read, path, 0, wanted)
    except FileNotFoundError:
        return problem(target, HTTPStatus.NOT_FOUND, "")
    if wanted and len(part) < nbytes:
        return await _sliced(request, response, path, part, nbytes)
    response.body = part
    response.headers[hdrs.CONTENT_LENGTH] = str(nbytes)
    return response


async def _sliced(
    request: web.Request, head: web.Response, path: Path, part: bytes, nbytes: int
) -> web.StreamResponse:
    """Send a large shard part by part; one that ends early breaks the connection.

    Weights cut short must fail as a network error does, which tfjs notices (browser.md T1).
    """
    response = web.StreamResponse(headers=head.headers)
    response.content_length = nbytes
    await response.prepare(request)
    offset = 0
    while part:
        await response.write(part)
        offset += len(part)
        try:
            part, _ = await asyncio.to_thread(_read, path, offset, _SLICE_BYTES)
        except OSError:
            break
    if offset < nbytes and request.transport is not None:
        request.transport.abort()
    return response


def _read(path: Path, offset: int, nbytes: int) -> tuple[bytes, int]:
    """Return a slice of a file and the size of all of it."""
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(nbytes), os.fstat(file.fileno()).st_size
