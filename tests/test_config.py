"""Settings: which source wins, what is refused and in which words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfjs_serve.artifacts import Options
from tfjs_serve.config import (
    SETTINGS,
    LogFormat,
    Settings,
    Verbosity,
    load,
    wants_color,
)
from tfjs_serve.errors import UsageError


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def test_nothing_set_gives_the_defaults(models: Path, cwd: Path) -> None:
    flags = dict.fromkeys(SETTINGS)
    assert load(models, flags, environ={}, cwd=cwd) == (Settings(models_dir=models), ())


def test_a_flag_wins_over_a_variable_over_the_file(models: Path, cwd: Path) -> None:
    (cwd / "tfjs-serve.toml").write_text('port = 1\nkeep = 1\nhost = "a.test"\nquiet = true\n')
    environ = {"TFJS_SERVE_PORT": "2", "TFJS_SERVE_KEEP": "2", "TFJS_SERVE_VERBOSE": "yes"}
    settings, ignored = load(models, {"port": "3"}, environ=environ, cwd=cwd)
    assert (settings.port, settings.keep, settings.host) == (3, 2, "a.test")
    assert settings.verbosity is Verbosity.VERBOSE
    assert ignored == ()


def test_every_setting_has_a_flag_a_variable_and_a_key(models: Path, cwd: Path) -> None:
    values: dict[str, str] = {
        "host": "0.0.0.0",
        "port": "0",
        "strict_port": "1",
        "out": "site",
        "cors": "https://a.test, https://b.test",
        "allow_host": "models.test other.test",
        "poll": "off",
        "follow_links": "on",
        "open": "on",
        "keep": "5",
        "force": "TRUE",
        "drain": "1.5",
        "gru_unroll": "40",
        "allow_custom": "Mine, Custom>Other, a:b>Kept:same",
        "quiet": "no",
        "verbose": "yes",
        "log_format": "json",
    }
    assert values.keys() == SETTINGS.keys()
    expected = Settings(
        models_dir=models,
        host="0.0.0.0",
        port=0,
        strict_port=True,
        out=cwd / "site",
        cors=("local", "https://a.test", "https://b.test"),
        allow_hosts=("models.test", "other.test"),
        poll=False,
        follow_links=True,
        open=True,
        keep=5,
        force=True,
        drain_s=1.5,
        gru_unroll=40,
        allow_custom=("Mine", "Custom>Other", "a:b>Kept:same"),
        verbosity=Verbosity.VERBOSE,
        log_format=LogFormat.JSON,
    )
    environ = {f"TFJS_SERVE_{key.upper()}": value for key, value in values.items()}
    assert load(models, {}, environ=environ, cwd=cwd) == (expected, ())
    assert load(models, values, environ={}, cwd=cwd) == (expected, ())
    lines = [f"{key.replace('_', '-')} = '{value}'\n" for key, value in values.items()]
    (cwd / "tfjs-serve.toml").write_text("".join(lines))
    assert load(models, {}, environ={}, cwd=cwd) == (expected, ())


def test_toml_types(models: Path, cwd: Path) -> None:
    (cwd / "tfjs-serve.toml").write_text(
        'port = 9000\npoll = false\ndrain = 2\ncors = ["*", "https://a.test"]\n'
    )
    settings, _ = load(models, {}, environ={}, cwd=cwd)
    assert (settings.port, settings.poll, settings.drain_s) == (9000, False, 2.0)
    assert settings.cors == ("local", "*", "https://a.test")


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("https://A.Example", "https://a.example"),
        ("https://a.example/", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:80", "http://a.example"),
        ("http://a.example:443", "http://a.example:443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
    ],
)
def test_origins_are_spelled_as_browsers_do(
    models: Path, cwd: Path, given: str, stored: str
) -> None:
    settings, _ = load(models, {"cors": (given,)}, environ={}, cwd=cwd)
    assert settings.cors == ("local", stored)


@pytest.mark.parametrize(
    ("given", "stored"),
    [("localhost", None), ("[::1]", "::1"), ("::", "::"), ("MY.test", "my.test")],
)
def test_hosts(models: Path, cwd: Path, given: str, stored: str | None) -> None:
    assert load(models, {"host": given}, environ={}, cwd=cwd)[0].host == stored


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"port": "x"}, "--port: found 'x', expected a number from 0 to 65535 (0 takes any"),
        ({"port": "65536"}, "--port: found '65536'"),
        ({"keep": "0"}, "--keep: found '0', expected a number from 1 to 1000"),
        ({"drain": "nan"}, "--drain: found 'nan', expected a number of seconds from 0"),
        ({"host": "http://a"}, "--host: found 'http://a', expected a host name or an IP address"),
        ({"host": "a:80"}, "--host: found 'a:80'"),
        ({"cors": ("a.test",)}, "--cors: found ('a.test',), expected 'local', '*' or origins"),
        ({"cors": ("https://a.test/x",)}, "--cors: found"),
        ({"cors": ("https://me@a.test",)}, "--cors: found"),
        ({"cors": ("null",)}, "--cors: found"),
        ({"allow_host": ("http://a",)}, "--allow-host: found ('http://a',), expected host names"),
        (
            {"allow_custom": ("Mine:sam",)},
            "--allow-custom: found ('Mine:sam',), expected names of custom classes, "
            ":same behind one that returns the shape of its input",
        ),
        ({"allow_custom": ("mine>:same",)}, "--allow-custom: found ('mine>:same',)"),
        ({"log_format": "xml"}, "--log-format: found 'xml', expected 'text' or 'json'"),
        ({"quiet": True, "verbose": True}, "--quiet and --verbose exclude each other; drop one"),
        ({"config": "none.toml"}, "none.toml: no such file; expected a TOML file of settings"),
    ],
)
def test_a_bad_flag_is_named(
    models: Path, cwd: Path, flags: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load(models, flags, environ={}, cwd=cwd)
    assert sentence in str(caught.value)


def test_a_bad_variable_is_named(models: Path, cwd: Path) -> None:
    with pytest.raises(UsageError, match=r"TFJS_SERVE_STRICT_PORT: found 'maybe', expected true"):
        load(models, {}, environ={"TFJS_SERVE_STRICT_PORT": "maybe"}, cwd=cwd)


def test_an_empty_variable_is_an_unset_one(models: Path, cwd: Path) -> None:
    environ = {"TFJS_SERVE_PORT": ""}
    assert load(models, {}, environ=environ, cwd=cwd) == (Settings(models_dir=models), ())


def test_an_unknown_variable_is_reported(models: Path, cwd: Path) -> None:
    environ = {"TFJS_SERVE_PROT": "1", "TFJS_SERVE_REQUIRE_PAGE": "1"}
    assert load(models, {}, environ=environ, cwd=cwd)[1] == (
        "TFJS_SERVE_PROT: no such setting (did you mean PORT?); it is ignored",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("port = ", "is no valid TOML"),
        ("prot = 1", "tfjs-serve.toml: prot: no such setting (did you mean port?)"),
        ("port = true", "tfjs-serve.toml: port: found True, expected a number"),
        ("port = 1.5", "tfjs-serve.toml: port: found 1.5"),
        ("out = 3", "tfjs-serve.toml: out: found 3, expected the path of a folder"),
        ("x = " + "[" * 9999, "is no valid TOML"),
        ("models = 3", "models: expected [[models]] tables, each with a match"),
        ("[[models]]\nkeep = 3", "models: found no match, expected a glob of model names"),
        ("[[models]]\nmatch = '*'\nkeep = 3", "found keep, expected weight_shard_size_bytes"),
        ("[[models]]\nmatch = '*'\nweight_shard_size_bytes = 0", "expected a whole number from 1"),
        ("[[models]]\nmatch = '*'\nmetadata = 1", "metadata: found 1, expected a table"),
        ("[[models]]\nmatch = '*'\nmetadata = {a = nan}", "expected a table of what JSON can hold"),
        (
            "[[models]]\nmatch = '*'\nmetadata = {a = 2020-01-01}",
            "expected a table of what JSON can hold",
        ),
        ("x" * 2_000_000, "expected a TOML file of at most 1048576 bytes"),
    ],
)
def test_a_bad_file_is_named(models: Path, cwd: Path, text: str, sentence: str) -> None:
    (cwd / "tfjs-serve.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load(models, {}, environ={}, cwd=cwd)
    assert sentence in str(caught.value)
    assert str(cwd / "tfjs-serve.toml") in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(models: Path, cwd: Path) -> None:
    os.mkfifo(models / "tfjs-serve.toml")
    with pytest.raises(UsageError, match="expected a TOML file"):
        load(models, {}, environ={}, cwd=cwd)


OPTIONS = """
[[models]]
match = "vision/*"
weight_shard_size_bytes = 1024
[[models]]
match = "*"
metadata = {labels = ["cat", "dog"]}
"""


def test_options_of_single_models(models: Path, cwd: Path) -> None:
    (cwd / "tfjs-serve.toml").write_text(OPTIONS)
    settings, _ = load(models, {}, environ={}, cwd=cwd)
    assert settings.options_for("vision/deep/mnist") == Options(weight_shard_size_bytes=1024)
    assert settings.options_for("mnist") == Options(metadata={"labels": ["cat", "dog"]})
    assert Settings(models_dir=models).options_for("mnist") == Options()


def test_options_of_a_model_stand_over_those_of_all(models: Path, cwd: Path) -> None:
    (cwd / "tfjs-serve.toml").write_text("[[models]]\nmatch = 'a'\ngru-unroll = 3\n")
    settings, _ = load(models, {"allow_custom": ("Mine",)}, environ={}, cwd=cwd)
    assert settings.options_for("a") == Options(gru_unroll=3, allow_custom=("Mine",))
    assert settings.options_for("b") == Options(allow_custom=("Mine",))


def test_a_stranger_may_not_pass_classes_on(models: Path, cwd: Path) -> None:
    strangers = models / "tfjs-serve.toml"
    strangers.write_text("[[models]]\nmatch = 'a'\nallow_custom = ['Mine']\ngru_unroll = 3\n")
    settings, ignored = load(models, {}, environ={}, cwd=cwd)
    assert settings.options_for("a") == Options(gru_unroll=3)
    assert [text.partition(" is ignored")[0] for text in ignored] == [f"{strangers}: allow_custom"]


def test_the_file_in_the_models_folder_sets_options_of_models_only(models: Path, cwd: Path) -> None:
    strangers = models / "tfjs-serve.toml"
    strangers.write_text('host = "0.0.0.0"\nwhatever = 3\n' + OPTIONS)
    (cwd / "tfjs-serve.toml").write_text("[[models]]\nmatch = 'mnist'\n")
    settings, ignored = load(models, {}, environ={}, cwd=cwd)
    assert settings.host is None
    assert settings.options_for("mnist") == Options()  # the user's own file decides first
    assert settings.options_for("iris") == Options(metadata={"labels": ["cat", "dog"]})
    assert ignored == tuple(
        f"{strangers}: {key} is ignored, since a file in the models folder may set only "
        f"[[models]] options; start with --config {strangers} to trust it"
        for key in ("host", "whatever")
    )


def test_it_is_no_more_trusted_when_it_is_the_working_directory(models: Path) -> None:
    (models / "tfjs-serve.toml").write_text('host = "0.0.0.0"\n' + OPTIONS)
    settings, ignored = load(models, {}, environ={}, cwd=models)
    assert (settings.host, len(settings.models), len(ignored)) == (None, 2, 1)


@pytest.mark.parametrize("is_flag", [True, False])
def test_naming_it_makes_it_the_users_own(models: Path, cwd: Path, is_flag: bool) -> None:
    file = models / "tfjs-serve.toml"
    file.write_text('host = "0.0.0.0"\nout = "../site"\n' + OPTIONS)
    flags, environ = ({"config": str(file)}, {}) if is_flag else ({}, {"TFJS_SERVE_CONFIG": file})
    settings, ignored = load(
        models, flags, environ={k: str(v) for k, v in environ.items()}, cwd=cwd
    )
    assert (settings.host, len(settings.models), ignored) == ("0.0.0.0", 2, ())
    assert settings.out == models / "../site"  # relative to the file that names it


@pytest.mark.parametrize("name", ["missing", "file.h5"])
def test_dir_must_be_a_folder(models: Path, cwd: Path, name: str) -> None:
    (models / "file.h5").touch()
    with pytest.raises(UsageError, match="expected the folder that holds the models"):
        load(models / name, {}, environ={}, cwd=cwd)


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        (".", "holds the models themselves; expected a folder of its own"),
        ("..", "holds the models themselves"),
        ("file.txt", "is a file; expected a folder"),
        ("full", "holds files that tfjs-serve did not write; expected an empty or a new folder"),
    ],
)
def test_out_that_would_mix_files_up_is_refused(models: Path, out: str, sentence: str) -> None:
    (models / "file.txt").touch()
    (models / "full").mkdir()
    (models / "full" / "index.html").touch()
    with pytest.raises(UsageError) as caught:
        load(models, {"out": out}, environ={}, cwd=models)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("out", ["new", "empty", "ours", "link", "../beside"])
def test_out_that_is_ours_or_empty_is_taken(models: Path, out: str) -> None:
    (models / "empty").mkdir()
    (models / "ours" / ".state").mkdir(parents=True)
    (models / "link").symlink_to("ours")
    settings, _ = load(models, {"out": out}, environ={}, cwd=models)
    assert settings.out == models / out


@pytest.mark.parametrize(
    ("environ", "is_terminal", "expected"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colors(environ: dict[str, str], is_terminal: bool, expected: bool) -> None:
    assert wants_color(is_terminal, environ) is expected
