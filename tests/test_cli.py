"""The command line as processes: what comes out where, and with which status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.command import environment, outcome
from tests.fixtures.cases import CASES
from tfjs_serve import __version__

ROOT = Path(__file__).parent.parent
GOLDEN_HELP = ROOT / "docs" / "cli.txt"
COMMANDS = ("", "convert", "inspect", "stub", "clean")


GOOD, REFUSED, CUSTOM = (
    next(case.path for case in CASES if case.id == f"keras3/{name}")
    for name in ("dense", "refused_for_two_reasons", "refused_custom_weights")
)
FIXTURE = str(GOOD)


def test_help_golden() -> None:
    texts = []
    for command in COMMANDS:
        words = [*command.split(), "--help"]
        status, out, err = outcome(words)
        assert (status, err) == (0, "")
        texts.append(f"$ {' '.join(['tfjs-serve', *words])}\n\n{out}")
    text = "\n".join(texts)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN_HELP.write_text(text, "utf-8")
    assert text == GOLDEN_HELP.read_text("utf-8"), "run scripts/golden and look at the difference"


def test_help_is_as_wide_as_a_terminal() -> None:
    assert max(len(line) for line in GOLDEN_HELP.read_text("utf-8").splitlines()) <= 80


def test_version_tells_of_all_dependencies() -> None:
    status, out, err = outcome(["--version"])
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"tfjs-serve {__version__}"
    assert lines[1].startswith(f"Python {sys.version.split()[0]} ")
    required = re.findall(
        r"^    ([a-z0-9-]+)>=",
        (ROOT / "setup.cfg").read_text().partition("install_requires =\n")[2].partition("\n\n")[0],
        re.MULTILINE,
    )
    assert lines[2:] == [f"{name} {metadata.version(name)}" for name in required]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["missing"], "missing: does not exist; expected the folder that holds the models"),
        (["setup.cfg"], "setup.cfg: is a file; expected the folder that holds the models"),
        (["."] * 2, "Got unexpected extra argument (.); see tfjs-serve --help"),
        (["--port"], "Option '--port' requires an argument; see tfjs-serve --help"),
        (
            ["--port", "x"],
            "--port: found 'x', expected a number from 0 to 65535 (0 takes any free port)",
        ),
        (
            ["--log_format", "xml"],
            "--log-format: found 'xml', expected 'text' or 'json'",
        ),
        (["./convert"], "convert: does not exist; expected the folder that holds the models"),
        (["convert", "in.h5"], "Missing argument 'OUTDIR'; see tfjs-serve convert --help"),
        (["convert", "in.h5", "out"], "in.h5: does not exist; expected a Keras model file"),
        (["convert", "tests", "out"], "tests: is a folder; expected a Keras model file"),
        (["convert", FIXTURE, "setup.cfg"], "setup.cfg: is a file; expected the folder to"),
        (
            ["convert", FIXTURE, "out", "--weight_shard_size_bytes", "0"],
            "--weight-shard-size-bytes: found '0', expected a whole number from 1",
        ),
        (
            ["convert", FIXTURE, "out", "--metadata", "labels"],
            "--metadata: found 'labels', expected key:path/to/file.json",
        ),
        (
            ["convert", FIXTURE, "out", "--metadata", "labels:none.json"],
            "--metadata: none.json cannot be read (No such file or directory)",
        ),
        (
            ["convert", FIXTURE, "out", "--metadata", "labels:setup.cfg"],
            "--metadata: setup.cfg is no JSON (",
        ),
        (["clean"], "Missing argument 'DIR'; see tfjs-serve clean --help"),
        (["clean", "missing"], "missing: is no folder; expected the folder that holds the models"),
        (["clean", ".", "--out", "tests"], "tests: was not written by tfjs-serve; nothing was"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(words: list[str], sentence: str) -> None:
    status, out, err = outcome(words)
    assert (status, out) == (2, "")
    assert err.startswith(f"tfjs-serve: {sentence}")
    assert err.count("\n") == 1


def test_an_unknown_option_names_the_nearest() -> None:
    status, out, err = outcome(["--prot", "8000"])
    assert (status, out) == (2, "")
    assert "'--prot'" in err
    assert "'--port'" in err


def test_a_wrong_variable_is_named() -> None:
    assert outcome([], TFJS_SERVE_KEEP="many") == (
        2,
        "",
        "tfjs-serve: TFJS_SERVE_KEEP: found 'many', expected a number from 1 to 1000\n",
    )


def test_what_was_typed_is_escaped(tmp_path: Path) -> None:
    status, _, err = outcome(["a\x1b[2Jb"], tmp_path)
    assert (status, err.partition(";")[0]) == (2, "tfjs-serve: a\\x1b[2Jb: does not exist")


def test_verbose_adds_the_traceback() -> None:
    status, _, err = outcome(["missing", "--verbose"])
    assert status == 2
    assert err.startswith("Traceback ")
    assert err.splitlines()[-1].startswith("tfjs-serve: missing: does not exist")


def test_nothing_to_clean_is_fine(tmp_path: Path) -> None:
    status, out, err = outcome(["clean", "."], tmp_path, XDG_CACHE_HOME=str(tmp_path))
    assert (status, err) == (0, "")
    assert out == ".tfjs-serve: does not exist, there is nothing to clean\n"


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """Return a models folder with a served folder in it."""
    files = {
        ".gitignore": "*\n",
        ".state/" + "0" * 32 + ".json": "{}",
        "_w/" + "1" * 32 + ".bin": "12345",
        "_w/.tmp-1-x": "1",
        "vision/mnist/model.json": "{}",
        "vision/mnist@0123456789abcdef/model.json": "{}",
    }
    for name, text in files.items():
        file = tmp_path / ".tfjs-serve" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "mnist.h5").touch()
    return tmp_path


def test_clean_deletes_the_served_folder(served: Path) -> None:
    assert outcome(["clean", "."], served, XDG_CACHE_HOME=str(served / "cache")) == (
        0,
        ".tfjs-serve: deleted 6 files, 14 B freed\n",
        "",
    )
    assert [path.name for path in served.iterdir()] == ["mnist.h5"]


def test_clean_leaves_what_others_wrote(served: Path) -> None:
    out = served / ".tfjs-serve"
    others = (out / "index.html", out / "mine" / "model.json", out / "_w" / "notes.txt")
    for file in others:
        file.parent.mkdir(exist_ok=True)
        file.touch()
    status, said, err = outcome(["clean", ".", "--out", ".tfjs-serve"], served)
    assert (status, err) == (0, "")
    assert said == ".tfjs-serve: deleted 6 files, 14 B freed; 3 files of others were left\n"
    assert sorted(path for path in out.rglob("*") if path.is_file()) == sorted(others)


def test_clean_does_not_follow_links(served: Path) -> None:
    (served / "models").mkdir()
    (served / "models" / ".tfjs-serve").symlink_to(served / ".tfjs-serve")
    status, _, err = outcome(["clean", "models"], served)
    assert (status, err) == (
        2,
        "tfjs-serve: models/.tfjs-serve: was not written by tfjs-serve; nothing was deleted\n",
    )
    assert len(list((served / ".tfjs-serve").rglob("*.json"))) == 3


def test_the_start_imports_neither_numpy_nor_h5py() -> None:
    code = (
        "import sys, tfjs_serve.run, tfjs_serve.cli; "
        "print([name for name in ('numpy', 'h5py', 'keras', 'tensorflow') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_convert_writes_the_official_names(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('["cat", "dog"]')
    words = ["convert", FIXTURE, "out", "--metadata", "labels:labels.json"]
    status, out, err = outcome(words, tmp_path)
    assert (status, err) == (0, "")
    assert re.fullmatch(r"out: model\.json and 1 shard, [0-9.]+ kB, in [0-9]+ ms\n", out)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "model.json",
        "group1-shard1of1.bin",
    }
    model = json.loads((tmp_path / "out" / "model.json").read_bytes())
    assert model["userDefinedMetadata"] == {"labels": ["cat", "dog"]}


def test_convert_cuts_shards(tmp_path: Path) -> None:
    words = ["convert", FIXTURE, str(tmp_path), "--weight_shard_size_bytes=16", "-q"]
    assert outcome(words) == (0, "", "")
    assert len(list(tmp_path.glob("group1-shard*of*.bin"))) > 1


def test_convert_refuses_with_every_reason(tmp_path: Path) -> None:
    status, out, err = outcome(["convert", str(REFUSED), "out"], tmp_path)
    assert (status, out) == (1, "")
    sentence, *reasons = err.splitlines()
    assert sentence == f"tfjs-serve: {REFUSED}: cannot be converted exactly, for 2 reasons:"
    assert len(reasons) == 2
    assert all(reason.startswith("  - layer '") for reason in reasons)
    assert not (tmp_path / "out").exists()


def test_convert_refuses_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "m.h5").write_bytes(b"no model at all" * 100)
    status, out, err = outcome(["convert", "m.h5", "out"], tmp_path)
    assert (status, out) == (1, "")
    assert err.startswith("tfjs-serve: m.h5")
    assert "Traceback" not in err
    status, _, err = outcome(["convert", "m.h5", "out", "--verbose"], tmp_path)
    assert status == 1
    assert err.startswith("Traceback")


def test_inspect_tells_of_a_model_and_writes_nothing(tmp_path: Path) -> None:
    status, out, err = outcome(["inspect", FIXTURE], tmp_path)
    assert (status, err, list(tmp_path.iterdir())) == (0, "", [])
    assert out.splitlines()[0] == "Model     dense.h5: Functional model functional"
    assert "Converts  yes" in out.splitlines()
    assert max(len(line) for line in out.splitlines()) <= 80
    assert "\x1b" not in out


def test_inspect_of_a_refused_model_gives_all_reasons_and_status_1() -> None:
    status, out, err = outcome(["inspect", str(REFUSED)])
    assert (status, err) == (1, "")
    assert "cannot be converted exactly, for 2 reasons:" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_inspect_of_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "m.h5").write_text("no model")
    status, out, err = outcome(["inspect", "m.h5"], tmp_path)
    assert (status, err) == (1, "")
    assert out.splitlines()[0] == "Model     m.h5"
    assert "m.h5 is a text file, not a Keras model" in out


def test_inspect_as_json_into_a_file(tmp_path: Path) -> None:
    status, out, err = outcome(["inspect", FIXTURE, "--json", "-o", "m.json"], tmp_path)
    assert (status, out, err) == (0, "", "")
    found = json.loads((tmp_path / "m.json").read_text("utf-8"))
    assert (found["file"], found["converts"], found["error"]) == ("dense.h5", True, None)


def test_inspect_colours_only_when_told_to() -> None:
    assert "\x1b[2m" in outcome(["inspect", FIXTURE], FORCE_COLOR="1")[1]


def test_stub_writes_a_module(tmp_path: Path) -> None:
    status, out, err = outcome(["stub", str(CUSTOM)], tmp_path)
    assert (status, err, list(tmp_path.iterdir())) == (0, "", [])
    assert 'static className = "MixIn";' in out
    assert outcome(["stub", str(CUSTOM), "-o", "custom.js"], tmp_path) == (0, "", "")
    assert (tmp_path / "custom.js").read_text("utf-8") == out


def test_stub_of_a_model_without_custom_classes(tmp_path: Path) -> None:
    status, out, err = outcome(["stub", FIXTURE, "-o", "custom.js"], tmp_path)
    assert (status, out, list(tmp_path.iterdir())) == (0, "", [])
    assert err.endswith("dense.h5: holds no custom class, so nothing was written\n")


def test_stub_of_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "m.h5").write_text("no model")
    status, out, err = outcome(["stub", "m.h5"], tmp_path)
    assert (status, out) == (1, "")
    assert err.startswith("tfjs-serve: m.h5 is a text file")


def test_convert_passes_allowed_classes_through(tmp_path: Path) -> None:
    words = ["convert", str(CUSTOM), "out"]
    assert outcome(words, tmp_path)[0] == 1
    allowed = ["--allow-custom", "MixIn", "--allow_custom", "mine>Block", "--verbose"]
    status, out, err = outcome([*words, *allowed], tmp_path)
    assert status == 0
    assert out.startswith("rules: custom_layers on the model; ")
    assert err.splitlines()[0].startswith("warning: needs the class 'MixIn': ")
    topology = json.loads((tmp_path / "out" / "model.json").read_text())["modelTopology"]
    classes = [layer["class_name"] for layer in topology["model_config"]["config"]["layers"]]
    assert classes == ["InputLayer", "MixIn", "Block", "Dense"]
