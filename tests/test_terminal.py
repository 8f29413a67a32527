"""What people and programs read while the server runs."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tfjs_serve.config import Verbosity
from tfjs_serve.errors import Reason
from tfjs_serve.events import (
    Blocked,
    Converted,
    Converting,
    Event,
    Failed,
    Ready,
    Removed,
    Reused,
    Stopped,
    Warned,
)
from tfjs_serve.report import Applied, Note, Quantization, QuantizedWeight, Report
from tfjs_serve.terminal import (
    Banner,
    JsonReporter,
    QueuedReporter,
    TextReporter,
    duration,
    escape,
    load_snippet,
    refusal_lines,
    size,
)

BANNER = Banner("0.1.0", "./models", "./models/.tfjs-serve")
READY = Ready("http://localhost:8000", 8000, 4)
MNIST = Converted("mnist", "/mnist/model.json", "0123456789abcdef", 1_234_567, 35)
DEEP = Reused("vision/cnn", "/vision/cnn/model.json", "fedcba9876543210", 340_000)
SLOW = Converted(
    "text", "/text/model.json", "00112233445566ff", 999, 12_340, (Note("is dropped", "dense"),)
)
LAMBDA = Failed(
    "bad",
    "bad.h5: the model cannot be converted exactly",
    (
        Reason("runs Python code", "lambda", "Lambda", "replace it by layers"),
        Reason("the file was cut short"),
    ),
    served=True,
)


def reporter(
    encoding: str = "utf-8",
    verbosity: Verbosity = Verbosity.NORMAL,
    colored: tuple[bool, bool] = (False, False),
    columns: int | None = None,
) -> tuple[TextReporter, io.TextIOWrapper, io.TextIOWrapper]:
    stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding, newline="") for _ in range(2))
    made = TextReporter(
        stdout, stderr, verbosity=verbosity, colored=colored, columns=lambda stream: columns
    )
    return made, stdout, stderr


def text_of(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def told(
    events: Sequence[Event],
    banner: Banner = BANNER,
    verbosity: Verbosity = Verbosity.NORMAL,
    encoding: str = "utf-8",
) -> tuple[str, str]:
    """Return what standard output and standard error show of some events."""
    made, stdout, stderr = reporter(encoding, verbosity)
    made.open(banner)
    for event in events:
        made.report(event)
    return text_of(stdout), text_of(stderr)


def test_nothing_happens_before_the_first_event() -> None:
    assert told([]) == ("", "")


def test_a_start_golden() -> None:
    out, err = told([READY, DEEP, Converting("mnist"), MNIST, LAMBDA, SLOW])
    expected = """
  tfjs-serve 0.1.0

  Models   ./models (4 models)
  List     http://localhost:8000/
  Open to  pages on this machine, any port

  Press Ctrl-C to stop.

  · vision/cnn        340.0 kB  unchanged
  ✓ mnist               1.2 MB      35 ms
  ✓ text                 999 B     12.3 s

  await tf.loadLayersModel('http://localhost:8000/mnist/model.json')

"""
    assert out == expected
    expected = """\
  ✗ bad              bad.h5: the model cannot be converted exactly
      - layer 'lambda' (Lambda): runs Python code; replace it by layers
      - the file was cut short
      The last good version stays served.
  ! text             layer 'dense': is dropped
"""
    assert err == expected


def test_an_exposed_start_golden() -> None:
    banner = Banner(
        "0.1.0", "/m", "/s", ("http://192.0.2.7:8000/",), ("local", "https://app.example")
    )
    out, err = told([Ready("http://localhost:8000", 8000, 0)], banner, Verbosity.VERBOSE)
    expected = """
  tfjs-serve 0.1.0

  Models   /m (no models yet)
  List     http://localhost:8000/
  Network  http://192.0.2.7:8000/
  Open to  pages on this machine, any port; https://app.example
  Served   /s

  Save a Keras model (.h5) into that folder and it is served at once.
  Press Ctrl-C to stop.

"""
    assert out == expected
    assert err == ""


def test_the_snippet_comes_once_with_the_first_model() -> None:
    out, _ = told([Ready("http://localhost:1", 1, 0), MNIST, MNIST])
    snippet = "  await tf.loadLayersModel('http://localhost:1/mnist/model.json')\n"
    assert out.count(snippet) == 1
    assert out.index(snippet) < out.rindex("✓ mnist")


def test_the_snippet_of_a_model_that_needs_the_companion_module_registers_it() -> None:
    needy = replace(MNIST, needs_companion=True)
    out, _ = told([Ready("http://localhost:1", 1, 0), needy])
    assert out.endswith(
        "\n  (await import('http://localhost:1/_tfjs-serve/layers.js')).register(tf)\n"
        "  await tf.loadLayersModel('http://localhost:1/mnist/model.json')\n\n"
    )


def test_the_snippet_of_a_model_of_custom_classes_names_them() -> None:
    custom = replace(MNIST, custom_classes=("Mine", "Yours"))
    out, _ = told([Ready("http://localhost:1", 1, 0), custom])
    assert out.endswith(
        "\n  // first register Mine, Yours (tfjs-serve stub)\n"
        "  await tf.loadLayersModel('http://localhost:1/mnist/model.json')\n\n"
    )


def test_verbose_tells_what_was_changed_and_a_loss_is_always_told() -> None:
    applied = [Applied("axes", name) for name in ("a", "b", "c", "d")]
    applied += [Applied("relu", "a"), Applied("relu", "a"), Applied("call_order", None)]
    lost = (QuantizedWeight("a/kernel", "uint8", 0.25), QuantizedWeight("b/kernel", "uint8", 0.5))
    event = replace(MNIST, report=Report(tuple(applied), (), Quantization(8000, 2000, lost)))
    rules = "      rules: axes on 4 layers; relu on a; call_order on the model"
    loss = "      quantised: 8.0 kB to 2.0 kB, largest error 0.5 in b/kernel"
    assert told([event], verbosity=Verbosity.QUIET) == ("", "")
    assert told([event])[0].splitlines()[1:] == [loss]
    assert told([event], verbosity=Verbosity.VERBOSE)[0].splitlines()[1:] == [rules, loss]


def first_scan(count: int) -> list[Event]:
    """Return the events of a folder of many models: two in ten unchanged, one refused."""
    names = [f"m{number:04}" for number in range(count)]
    events: list[Event] = [Ready("http://localhost:1", 1, count)]
    events += [Converting(name) for number, name in enumerate(names) if number % 10 > 1]
    for number, name in enumerate(names):
        made: Event = Converted(name, f"/{name}/model.json", "0" * 16, 1000, 7)
        if number % 10 < 2:
            made = Reused(name, f"/{name}/model.json", "0" * 16, 1000)
        elif number % 10 == 9:
            made = Failed(name, f"{name}.h5: no", (), served=False)
        events.append(made)
    return events


def after_head(events: Sequence[Event]) -> str:
    out, _ = told(events)
    return out.partition("Ctrl-C to stop.\n\n")[2]


def test_many_models_are_told_of_by_the_tenth_and_in_sum() -> None:
    lines = [f"  · converting, {done} of 100 models are done\n" for done in range(10, 100, 10)]
    assert after_head([*first_scan(100), MNIST]) == (
        "".join(lines)
        + "  ✓ 100 models: 70 converted, 20 unchanged, 10 refused\n"
        + "\n  await tf.loadLayersModel('http://localhost:1/m0000/model.json')\n\n"
        + "  ✓ mnist               1.2 MB      35 ms\n"
    )
    assert len(told(first_scan(100))[1].splitlines()) == 10


def test_many_unchanged_models_are_one_line() -> None:
    unchanged = [event for event in first_scan(205) if isinstance(event, Reused)]
    assert len(unchanged) == 42
    listed = after_head([Ready("http://localhost:1", 1, 40), *unchanged])
    assert len(listed.split("unchanged\n")) - 1 == 42
    out = after_head([Ready("http://localhost:1", 1, 41), *unchanged])
    assert out.startswith("  ✓ 41 models: 41 unchanged\n")
    assert out.endswith("  · m0201               1.0 kB  unchanged\n")


def test_quiet_and_verbose_of_many_models() -> None:
    assert told(first_scan(100), verbosity=Verbosity.QUIET)[0] == ""
    out, _ = told(first_scan(100), verbosity=Verbosity.VERBOSE)
    assert len([line for line in out.splitlines() if "@0000000000000000" in line]) == 90


def test_a_terminal_shows_one_line_for_many_models() -> None:
    made, stdout, _ = reporter(columns=60)
    for event in first_scan(100)[:150]:
        made.report(event)
    out = text_of(stdout)
    assert "\n" not in out
    assert out.endswith("\r\x1b[2K    converting 70 of 100: m0069…")


def test_the_snippet_waits_for_conversions_that_run() -> None:
    events: list[Event] = [
        Ready("http://localhost:1", 1, 2),
        Converting("a"),
        Converting("b"),
        MNIST,
    ]
    assert "tf.loadLayersModel" not in told(events)[0]


@pytest.mark.parametrize(
    ("event", "out", "err"),
    [
        (Converting("mnist"), "", ""),
        (Removed("old"), "  - old              no longer served, its file is gone\n", ""),
        (Stopped(), "Stopped.\n", ""),
        (Warned("port 8000 is taken"), "", "warning: port 8000 is taken\n"),
        (
            Blocked("https://evil.example", "start with --cors https://evil.example"),
            "",
            "warning: blocked a page of https://evil.example: "
            "start with --cors https://evil.example\n",
        ),
    ],
)
def test_single_lines(event: Event, out: str, err: str) -> None:
    assert told([event]) == (out, err)


def test_quiet_shows_warnings_and_refusals_only() -> None:
    out, err = told([READY, DEEP, SLOW, LAMBDA, Removed("x"), Stopped()], BANNER, Verbosity.QUIET)
    assert out == ""
    assert err.splitlines()[0] == "  ! text             layer 'dense': is dropped"
    assert len(err.splitlines()) == 5


def test_a_warning_that_lasts_is_told_once() -> None:
    same = Reused("text", "/text/model.json", "00112233445566ff", 999, SLOW.warnings)
    other = replace(same, warnings=(Note("is approximated", "dense"),))
    good = replace(same, warnings=())
    events: list[Event] = [SLOW, same, SLOW, other, good, SLOW, Removed("text"), same]
    _, err = told(events)
    assert [line.rpartition(" ")[2] for line in err.splitlines()] == [
        *("dropped", "approximated", "dropped", "dropped")
    ]


def test_verbose_shows_digests_and_beginnings() -> None:
    out, _ = told([Converting("mnist"), MNIST], BANNER, Verbosity.VERBOSE)
    assert out == (
        "  · mnist            converting\n"
        "  ✓ mnist               1.2 MB      35 ms   @0123456789abcdef\n"
    )


def test_long_names_widen_the_column_up_to_a_limit() -> None:
    long = Converted("n" * 30, "/n/model.json", "0" * 16, 1000, 1)
    longer = Converted("n" * 60, "/n/model.json", "0" * 16, 1000, 1)
    out, _ = told([long, longer, MNIST])
    assert [line.index("B ") for line in out.splitlines()] == [43, 73, 53]


def test_a_terminal_without_unicode() -> None:
    made, stdout, stderr = reporter("ascii")
    for event in (Converted("größe", "/g/model.json", "0" * 16, 1, 1), LAMBDA, DEEP):
        made.report(event)
    assert text_of(stdout) == (
        "  + gr\\xf6\\xdfe            1 B       1 ms\n  . vision/cnn        340.0 kB  unchanged\n"
    )
    assert text_of(stderr).startswith("  x bad ")


def test_what_a_model_wrote_is_escaped_everywhere() -> None:
    evil = "a\x1b[2J\n\u202eb\udcff"
    events: list[Event] = [
        Ready("http://localhost:1", 1, 2),
        Converting(evil),
        Converted(evil, "/a/model.json", "0" * 16, 1, 1, (Note(evil, evil),)),
        Failed(evil, evil, (Reason(evil, evil, evil, evil),), served=False),
        Removed(evil),
        Blocked(evil, evil),
        Warned(evil),
    ]
    out, err = told(events, Banner("0.1.0", evil, evil), Verbosity.VERBOSE)
    for bad in "\x1b\u202e\udcff":
        assert bad not in out + err
    assert "a\\x1b[2J\\n\\u202eb\\udcff" in out


def test_colors_are_kept_apart_by_stream() -> None:
    made, stdout, stderr = reporter(colored=(True, False))
    made.report(MNIST)
    made.report(Warned("x"))
    assert text_of(stdout).startswith("  \x1b[32m✓\x1b[0m mnist ")
    assert text_of(stderr) == "warning: x\n"


def test_a_terminal_has_one_line_of_progress_that_is_replaced() -> None:
    made, stdout, _ = reporter(columns=80)
    made.open(BANNER)
    for event in (Ready("http://localhost:1", 1, 2), Converting("a"), Converting("mnist")):
        made.report(event)
    made.report(MNIST)
    made.report(LAMBDA)
    text = text_of(stdout)
    erase = "\r\x1b[2K"
    assert text[text.index("    converting") :] == (
        f"    converting 1 of 2: a…{erase}"
        f"    converting 1 of 2: a…{erase}"
        "  ✓ mnist               1.2 MB      35 ms\n"
        f"    converting 2 of 2: a…{erase}"
        "    converting: a…"
    )


@pytest.mark.parametrize(
    ("columns", "shown"), [(24, "    converting: 模型模…"), (6, "    …"), (1, "…")]
)
def test_progress_fits_a_small_terminal(columns: int, shown: str) -> None:
    made, stdout, _ = reporter(columns=columns)
    made.report(Converting("模型" * 9))
    assert text_of(stdout) == shown


def test_the_sign_of_ctrl_c_is_erased() -> None:
    made, stdout, _ = reporter(columns=80)
    made.report(Stopped())
    assert text_of(stdout) == "\r\x1b[2KStopped.\n"


def test_sentences_hang_below_their_beginning() -> None:
    made, _, stderr = reporter(columns=60)
    made.report(LAMBDA)
    made.report(Warned("port 8000 is taken by another program, so this is --another-port"))
    assert text_of(stderr) == (
        "  ✗ bad              bad.h5: the model cannot be converted\n"
        "                     exactly\n"
        "      - layer 'lambda' (Lambda): runs Python code; replace\n"
        "        it by layers\n"
        "      - the file was cut short\n"
        "      The last good version stays served.\n"
        "warning: port 8000 is taken by another program, so this is\n"
        "         --another-port\n"
    )


def test_sentences_go_below_a_name_that_leaves_no_room() -> None:
    made, _, stderr = reporter(columns=30)
    made.report(Failed("n" * 20, "the file was cut short", (), served=False))
    assert text_of(stderr) == f"  ✗ {'n' * 20}\n      the file was cut short\n"


def test_wide_characters_count_twice() -> None:
    wide = Converted("日本", "/n/model.json", "0" * 16, 1000, 1)
    out, _ = told([wide, MNIST])
    assert [line.index("B ") for line in out.splitlines()] == [29 - 2, 29]


def test_json_is_an_event_a_line() -> None:
    stdout = io.StringIO()
    made = JsonReporter(stdout)
    made.open(BANNER)
    for event in (READY, SLOW, LAMBDA, Stopped()):
        made.report(event)
    assert [json.loads(line) for line in stdout.getvalue().splitlines()] == [
        {"event": "ready", "url": "http://localhost:8000", "port": 8000, "models": 4},
        {
            "event": "converted",
            "name": "text",
            "url": "/text/model.json",
            "digest": "00112233445566ff",
            "bytes": 999,
            "ms": 12_340,
            "warnings": [{"layer": "dense", "text": "is dropped", "kind": "other"}],
            "needs_companion": False,
            "custom_classes": [],
        },
        {
            "event": "failed",
            "name": "bad",
            "error": "bad.h5: the model cannot be converted exactly",
            "reasons": [
                {
                    "layer": "lambda",
                    "class": "Lambda",
                    "why": "runs Python code",
                    "remedy": "replace it by layers",
                },
                {
                    "layer": None,
                    "class": None,
                    "why": "the file was cut short",
                    "remedy": None,
                },
            ],
            "served": True,
        },
        {"event": "stopped"},
    ]


def test_a_reader_that_goes_away_stops_nothing() -> None:
    code = """
import sys
from tfjs_serve.events import Stopped
from tfjs_serve.terminal import JsonReporter
reporter = JsonReporter(sys.stdout)
sys.stdin.read()
for _ in range(3):
    reporter.report(Stopped())
sys.stderr.write("went on")
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    process.stdin.close()
    with process.stderr as errors:
        assert errors.read() == "went on"
    assert process.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_stops_nothing() -> None:
    code = (
        "import sys; from tfjs_serve.events import Stopped; "
        "from tfjs_serve.terminal import JsonReporter; "
        "JsonReporter(sys.stdout).report(Stopped()); sys.stderr.write('went on')"
    )
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"went on")


def test_a_queue_keeps_the_order_and_tells_when_all_is_shown() -> None:
    stdout = io.StringIO()
    queued = QueuedReporter(JsonReporter(stdout))
    queued.open(BANNER)
    for event in (READY, MNIST, Stopped()):
        queued.report(event)
    assert queued.close(10)
    kinds = [json.loads(line)["event"] for line in stdout.getvalue().splitlines()]
    assert kinds == ["ready", "converted", "stopped"]


def test_a_queue_whose_stream_is_held_waits_no_longer_than_told() -> None:
    held, freed = threading.Event(), threading.Event()

    class Held(io.StringIO):
        def write(self, text: str) -> int:
            held.set()
            freed.wait()
            return len(text)

    queued = QueuedReporter(JsonReporter(Held()))
    queued.report(READY)
    held.wait()
    queued.report(MNIST)
    assert not queued.close(0.01)
    freed.set()
    assert queued.close(10)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain größe 日本", "plain größe 日本"),
        ("a\tb\r\n\0", "a\\tb\\r\\n\\x00"),
        ("\u200b\u2066\u2028", "\\u200b\\u2066\\u2028"),
        ("\udc80", "\\udc80"),
    ],
)
def test_escape(text: str, shown: str) -> None:
    assert escape(text) == shown


@pytest.mark.parametrize(
    ("nbytes", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_951, "1.0 MB"),
        (14_000_000, "14.0 MB"),
        (2_500_000_000, "2.5 GB"),
    ],
)
def test_size(nbytes: int, shown: str) -> None:
    assert size(nbytes) == shown


@pytest.mark.parametrize(("ms", "shown"), [(0, "0 ms"), (999, "999 ms"), (1000, "1.0 s")])
def test_duration(ms: int, shown: str) -> None:
    assert duration(ms) == shown


def test_a_snippet_cannot_be_left_by_a_quote() -> None:
    url = "http://localhost:1/it's/model.json"
    assert load_snippet(url) == "await tf.loadLayersModel('http://localhost:1/it%27s/model.json')"


ONE = Reason("runs Python code", "f", "Lambda", "replace it")
TWO = Reason("is cut short")


@pytest.mark.parametrize(
    ("message", "reasons", "lines"),
    [
        ("m.h5 is gone", (), ["m.h5 is gone"]),
        ("m.h5 is cut short; save it", (TWO,), ["m.h5 is cut short; save it"]),
        (str(ONE), (ONE,), [str(ONE)]),
        ("m.h5 is refused", (ONE,), ["m.h5 is refused", f"- {ONE}"]),
        (
            f"{ONE} (and 1 more reason)",
            (ONE, TWO),
            ["cannot be converted exactly, for 2 reasons:", f"- {ONE}", f"- {TWO}"],
        ),
    ],
)
def test_refusals_say_all_once(message: str, reasons: Sequence[Reason], lines: list[str]) -> None:
    assert refusal_lines(message, reasons) == lines


def test_a_refusal_that_lasts_is_told_once() -> None:
    other = replace(LAMBDA, error="bad.h5: another cause", reasons=())
    again: list[Event] = [Converting("bad"), LAMBDA]
    events = [READY, *again, *again, Converting("bad"), other, *again]
    _, stderr = told([*events, replace(MNIST, name="bad"), *again, Removed("bad"), *again])
    assert (stderr.count("runs Python code"), stderr.count("another cause")) == (4, 1)
