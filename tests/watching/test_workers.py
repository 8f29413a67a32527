"""Workers: real processes that convert, refuse, crash, stall, and are replaced."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.watching.jobs import REPORT, save
from tfjs_serve.artifacts import Artifacts, Options, Shard
from tfjs_serve.errors import ConversionError, Reason, SourceBusyError
from tfjs_serve.keras_files.readiness import Identity
from tfjs_serve.report import Note
from tfjs_serve.watching import Workers
from tfjs_serve.watching.limits import Limits
from tfjs_serve.watching.workers import default_count

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits are the Linux kernel's")

JOB = "tests.watching.jobs:stage"


@asynccontextmanager
async def working(
    count: int = 1, job: str = JOB, limits: Mapping[str, Any] | None = None
) -> AsyncIterator[Workers]:
    workers = Workers(
        count, job=job, limits_for=lambda nbytes: replace(Limits.for_file(nbytes), **(limits or {}))
    )
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
            "full",
            "full.h5 cannot be published: the served folder refuses it (No space left on device); "
            "make room there, and it is converted again",
            id="disk-full",
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


def test_endless_reasons_do_not_keep_the_server_busy(tmp_path: Path) -> None:
    async def run() -> ConversionError:
        async with working() as workers:
            with pytest.raises(ConversionError) as caught:
                await convert(workers, tmp_path, "refuse often")
            return caught.value

    reasons = asyncio.run(run()).reasons
    assert reasons[:1000] == tuple(Reason(str(number)) for number in range(1000))
    assert reasons[1000:] == (Reason("there are 99000 more reasons like these"),)


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


LIMITED = "took the converter to its limit of"


@pytest.mark.parametrize(
    ("text", "limits", "limit"),
    [
        pytest.param("hang", {"wall_s": 1.0}, "1 s", id="clock"),
        pytest.param("loop", {"cpu_s": 1}, "1 s of processor time", id="processor", marks=linux),
        pytest.param("grow", {}, "1024 MiB of memory", id="memory", marks=linux),
        pytest.param(
            "flood",
            {"file_bytes": 3 << 20},
            "3 MiB in one written file",
            id="written file",
            marks=linux,
        ),
        pytest.param("descriptors", {}, "64 open files", id="open files", marks=linux),
    ],
)
def test_a_job_at_a_limit_fails_with_a_sentence_that_names_it_and_the_next_job_runs(
    text: str, limits: dict[str, float], limit: str, tmp_path: Path
) -> None:
    async def run() -> ConversionError:
        async with working(limits=limits) as workers:
            await convert(workers, tmp_path, "warm")
            with pytest.raises(ConversionError) as caught:
                await convert(workers, tmp_path, text)
            await convert(workers, tmp_path, "next")
            return caught.value

    remedy = "the file may be damaged: save the model again"
    assert str(asyncio.run(run())) == f"{text}.h5 {LIMITED} {limit}; {remedy}"


@linux
def test_what_a_job_does_to_its_process_does_not_reach_the_next_job(tmp_path: Path) -> None:
    async def run() -> tuple[Artifacts, list[int], list[int]]:
        async with working() as workers:
            await convert(workers, tmp_path, "harm")
            before = workers.pids
            return await convert(workers, tmp_path, "harmed"), before, workers.pids

    artifacts, before, after = asyncio.run(run())
    assert json.loads(artifacts.model_json)[0] == "[]"
    assert before == after  # The process that imported everything is the same one.


@linux
def test_processor_time_counts_anew_for_every_job(tmp_path: Path) -> None:
    async def run() -> set[int]:
        pids: set[int] = set()
        async with working(limits={"cpu_s": 1}) as workers:
            for _ in range(3):
                await convert(workers, tmp_path, "burn")
                pids.update(workers.pids)
        return pids

    assert len(asyncio.run(run())) == 1


def test_the_file_that_was_opened_is_converted_wherever_its_name_leads(tmp_path: Path) -> None:
    mine, other, link = tmp_path / "mine.h5", tmp_path / "other.h5", tmp_path / "m.h5"
    save(mine, "mine")
    save(other, "other")
    link.symlink_to(mine)
    identity = Identity.of(link)

    async def run() -> list[str]:
        found = []
        async with working() as workers:
            blocker = asyncio.create_task(convert(workers, tmp_path, "warm"))
            for _ in range(2):
                try:
                    artifacts, _ = await workers.convert(
                        link, tmp_path / "served", "m", Options(), identity
                    )
                    found.append(json.loads(artifacts.model_json)[0])
                except SourceBusyError as busy:
                    found.append(str(busy))
                link.unlink()
                link.symlink_to(other)
            await blocker
        return found

    assert asyncio.run(run()) == ["mine", "m.h5 changed before it was read"]


@linux
def test_a_worker_holds_no_file_of_an_earlier_job(tmp_path: Path) -> None:
    async def run() -> Artifacts:
        async with working() as workers:
            await convert(workers, tmp_path, "one")
            return await convert(workers, tmp_path, "open")

    told = json.loads(asyncio.run(run()).model_json)[0]
    assert json.loads(told) == [str(tmp_path / "open.h5")]


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


CONVERT_UNTIL_KILLED = """
import asyncio, sys
from pathlib import Path
from tfjs_serve.artifacts import Options
from tfjs_serve.watching import Workers
async def main():
    workers = Workers(1, job=sys.argv[1])
    path = Path(sys.argv[2])
    task = asyncio.create_task(workers.convert(path, path.parent / "served", "m", Options()))
    while not workers.pids or not path.with_suffix(".told").exists():
        await asyncio.sleep(0.01)
    print(*workers.pids, path.with_suffix(".told").read_text(), flush=True)
    await task
asyncio.run(main())
"""


@linux
def test_no_process_outlives_a_killed_server(tmp_path: Path) -> None:
    path = tmp_path / "loop.h5"
    save(path, "loop")
    with subprocess.Popen(
        [sys.executable, "-c", CONVERT_UNTIL_KILLED, JOB, path], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        worker, job = map(os.pidfd_open, map(int, server.stdout.readline().split()))
        server.kill()
    for process in (worker, job):
        assert select.select([process], [], [], 20.0)[0]
        os.close(process)


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


def test_there_are_a_few_workers_at_most() -> None:
    assert 1 <= default_count() <= 4
