"""Workers: real processes that convert, refuse, crash, stall, and are replaced."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.watching.jobs import REPORT, save
from tfjs_serve.artifacts import Artifacts, Options, Shard
from tfjs_serve.errors import ConversionError, Reason, SourceBusyError
from tfjs_serve.report import Note
from tfjs_serve.watching import Workers
from tfjs_serve.watching.workers import default_count, wall_clock_limit_s

JOB = "tests.watching.jobs:stage"


@asynccontextmanager
async def working(
    count: int = 1, job: str = JOB, limit_s: float | None = None
) -> AsyncIterator[Workers]:
    limit = wall_clock_limit_s if limit_s is None else lambda nbytes: limit_s
    workers = Workers(count, job=job, limit_s=limit)
    try:
        yield workers
    finally:
        await workers.close()


async def convert(workers: Workers, folder: Path, text: str) -> Artifacts:
    path = folder / f"{text}.h5"
    save(path, text)
    artifacts, ms = await workers.convert(path, folder / "served", text, Options())
    assert ms >= 0
    return artifacts


def test_nothing_is_started_without_work() -> None:
    async def run() -> None:
        async with working():
            pass

    asyncio.run(run())


def test_a_conversion(tmp_path: Path) -> None:
    async def run() -> Artifacts:
        async with working() as workers:
            return await convert(workers, tmp_path, "hello")

    artifacts = asyncio.run(run())
    assert json.loads(artifacts.model_json) == ["hello", "hello", 4194304]
    assert artifacts.shards == (Shard("2cf24dba5fb0a30e26e83b2ac5b9e29e.bin", 5),)
    assert artifacts.summary.warnings == (Note("hm", "dense"),)
    assert artifacts.report == REPORT
    assert (tmp_path / "served/_w" / artifacts.shards[0].name).read_bytes() == b"hello"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("refuse", "refused", id="refused"),
        pytest.param(
            "crash",
            "the converter crashed (signal 11, SIGSEGV) while reading crash.h5; "
            "the file may be damaged: save the model again",
            id="crash",
        ),
        pytest.param(
            "exit",
            "the converter crashed (exit status 3) while reading exit.h5; "
            "the file may be damaged: save the model again",
            id="exit",
        ),
        pytest.param(
            "bug",
            "the converter failed on bug.h5 (ZeroDivisionError: a fault of ours)",
            id="fault-of-ours",
        ),
        pytest.param(
            "full", "the converter failed on full.h5 (No space left on device)", id="disk-full"
        ),
        pytest.param("lie", "the converter gave a wrong answer about lie.h5", id="wrong-answer"),
    ],
)
def test_failures_are_sentences_and_the_next_job_runs(
    tmp_path: Path, text: str, sentence: str
) -> None:
    async def run() -> ConversionError:
        async with working() as workers:
            with pytest.raises(ConversionError) as caught:
                await convert(workers, tmp_path, text)
            await convert(workers, tmp_path, "next")
            return caught.value

    error = asyncio.run(run())
    assert str(error) == sentence
    if text == "refuse":
        assert error.reasons == (Reason("holds code", "f", "Lambda", "rewrite it"),)
    if text == "bug":
        assert "ZeroDivisionError" in "".join(error.__notes__)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
@pytest.mark.parametrize("when", ["idle", "converting"])
def test_a_process_killed_from_without_is_no_fault_of_the_file(tmp_path: Path, when: str) -> None:
    async def run() -> Artifacts:
        async with working() as workers:
            await convert(workers, tmp_path, "warm")
            if when == "idle":
                os.kill(workers.pids[0], signal.SIGKILL)
            return await convert(workers, tmp_path, "killed" if when == "converting" else "next")

    assert len(asyncio.run(run()).shards) == 1


def test_a_busy_source_is_no_failure(tmp_path: Path) -> None:
    async def run() -> None:
        async with working() as workers:
            with pytest.raises(SourceBusyError, match="changed"):
                await convert(workers, tmp_path, "busy")

    asyncio.run(run())


def test_a_stalled_converter_is_stopped_and_replaced(tmp_path: Path) -> None:
    async def run() -> None:
        async with working(limit_s=1.0) as workers:
            await convert(workers, tmp_path, "warm")
            with pytest.raises(ConversionError, match=r"was stopped after 1 s on hang\.h5"):
                await convert(workers, tmp_path, "hang")
            await convert(workers, tmp_path, "next")

    asyncio.run(run())


def test_closing_ends_running_conversions_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with working() as workers:
            await convert(workers, tmp_path, "warm")
            running = asyncio.create_task(convert(workers, tmp_path, "hang"))
            waiting = asyncio.create_task(convert(workers, tmp_path, "never"))
            await asyncio.sleep(0)
            async with asyncio.timeout(5):
                await workers.close()
                for task in (running, waiting):
                    with pytest.raises(SourceBusyError, match="stopping"):
                        await task

    asyncio.run(run())


def test_giving_up_a_conversion_frees_its_place(tmp_path: Path) -> None:
    async def run() -> None:
        async with working() as workers:
            await convert(workers, tmp_path, "warm")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(convert(workers, tmp_path, "hang"), 0.2)
            await convert(workers, tmp_path, "next")

    asyncio.run(run())


def test_more_jobs_than_workers_all_run(tmp_path: Path) -> None:
    async def run() -> list[Artifacts]:
        async with working(count=2) as workers:
            jobs = [convert(workers, tmp_path, f"m{number}") for number in range(6)]
            return await asyncio.gather(*jobs)

    assert len({artifacts.digest for artifacts in asyncio.run(run())}) == 6


def test_what_libraries_print_is_no_answer(tmp_path: Path) -> None:
    async def run() -> Artifacts:
        async with working() as workers:
            return await convert(workers, tmp_path, "print")

    assert json.loads(asyncio.run(run()).model_json)[0] == "print"


@pytest.mark.skipif(os.name == "nt", reason="niceness and SIGIO are of POSIX")
def test_a_worker_is_modest_and_safe(tmp_path: Path) -> None:
    async def run() -> Artifacts:
        async with working() as workers:
            return await convert(workers, tmp_path, "environment")

    told = json.loads(json.loads(asyncio.run(run()).model_json)[0])
    assert told == {
        "environment": ["FALSE", "::"],
        "files": [],
        "niceness": min(os.nice(0) + 5, 19),
        "ignored": [True, True],
    }


@pytest.mark.parametrize(
    ("job", "why"),
    [
        pytest.param("tests.no_such_module:stage", "ModuleNotFoundError", id="module"),
        pytest.param("tests.watching.jobs:no_such", "AttributeError", id="function"),
    ],
)
def test_a_converter_that_does_not_start_says_why(tmp_path: Path, job: str, why: str) -> None:
    async def run() -> None:
        async with working(job=job) as workers:
            workers.warm()
            with pytest.raises(ConversionError, match=f"does not start: {why}"):
                await convert(workers, tmp_path, "m")

    asyncio.run(run())


@pytest.mark.parametrize(
    ("nbytes", "limit_s"),
    [pytest.param(0, 10.0, id="empty"), pytest.param(500_000_000, 20.0, id="500-MB")],
)
def test_limits(nbytes: int, limit_s: float) -> None:
    assert wall_clock_limit_s(nbytes) == limit_s
    assert 1 <= default_count() <= 4
