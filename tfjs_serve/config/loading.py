"""Flags over environment over `tfjs-serve.toml` over defaults."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tfjs_serve.config.environment import environment
from tfjs_serve.config.files import FILE_NAME, read_file
from tfjs_serve.config.folders import check_out
from tfjs_serve.config.options import FOR_STRANGERS
from tfjs_serve.config.settings import ModelOptions, Settings, Verbosity
from tfjs_serve.config.values import SETTINGS
from tfjs_serve.errors import UsageError

ENVIRONMENT_PREFIX = "TFJS_SERVE_"
OTHER_VARIABLES = frozenset({"TFJS_SERVE_CONFIG", "TFJS_SERVE_REQUIRE_PAGE"})
"""Variables with the prefix that are no settings: the file's path, and one of the build."""


def load(
    models_dir: Path,
    flags: Mapping[str, object],
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings in force, and sentences about what was ignored.

    flags: values by the names in `SETTINGS` and `config`; None means that a flag was not given.
    Raises UsageError that names the flag, variable or file, the value found and what is expected.
    """
    environ = environment() if environ is None else environ
    cwd = Path.cwd() if cwd is None else cwd
    if not models_dir.is_dir():
        found = "is a file" if models_dir.exists() else "does not exist"
        raise UsageError(f"{models_dir}: {found}; expected the folder that holds the models")

    variables, ignored = _read_environment(environ)
    named = flags.get("config") or environ.get(ENVIRONMENT_PREFIX + "CONFIG")
    strangers = models_dir / FILE_NAME
    own = cwd / (str(named) if named else FILE_NAME)
    # A file that merely lies in the models folder may come from a stranger, also when that
    # folder is the working directory; naming it with --config makes it the user's own.
    is_own = bool(named) or not _is_same(own, strangers)
    table, models = read_file(own, is_required=bool(named)) if is_own else ({}, ())
    if not is_own or not _is_same(own, strangers):
        foreign, more = read_file(strangers, is_required=False)
        models += tuple(_for_strangers(entry) for entry in more)
        foreign |= {
            key: None for entry in more for key in entry.options if key not in FOR_STRANGERS
        }
        ignored += tuple(
            f"{strangers}: {key} is ignored, since a file in the models folder may set only "
            f"[[models]] options; start with --config {strangers} to trust it"
            for key in foreign
        )

    fields: dict[str, Any] = {}
    for layer in (
        _parse(table, lambda key: f"{own}: {key}", own.parent),
        _parse(variables, lambda key: ENVIRONMENT_PREFIX + key.upper(), cwd),
        _parse(flags, lambda key: "--" + key.replace("_", "-"), cwd),
    ):
        fields |= layer
    settings = Settings(models_dir=models_dir, models=models, **fields)
    check_out(settings)
    return settings, ignored


def _for_strangers(entry: ModelOptions) -> ModelOptions:
    options = {key: value for key, value in entry.options.items() if key in FOR_STRANGERS}
    return ModelOptions(entry.match, options)


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _read_environment(environ: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    values: dict[str, str] = {}
    ignored: list[str] = []
    for variable, value in sorted(environ.items()):
        key = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in OTHER_VARIABLES:
            continue
        if key not in SETTINGS:
            ignored.append(f"{variable}: no such setting{_nearest(key, str.upper)}; it is ignored")
        elif value:  # an empty variable is an unset one
            values[key] = value
    return values, tuple(ignored)


def _parse(values: Mapping[str, object], label: Callable[[str], str], base: Path) -> dict[str, Any]:
    """Return one source's values as fields of Settings; paths are relative to `base`."""
    parsed: dict[str, Any] = {}
    for key, value in values.items():
        if key == "config" or value is None or value == ():
            continue
        if key not in SETTINGS:
            raise UsageError(f"{label(key)}: no such setting{_nearest(key, str)}")
        setting = SETTINGS[key]
        try:
            result = setting.parse(value)
        except (TypeError, ValueError):
            raise UsageError(
                f"{label(key)}: found {value!r}, expected {setting.expected}"
            ) from None
        parsed[setting.field] = base / result.expanduser() if key == "out" else result
    is_quiet, is_verbose = parsed.pop("quiet", False), parsed.pop("verbose", False)
    if is_quiet and is_verbose:
        raise UsageError(f"{label('quiet')} and {label('verbose')} exclude each other; drop one")
    if is_quiet or is_verbose:
        parsed["verbosity"] = Verbosity.QUIET if is_quiet else Verbosity.VERBOSE
    return parsed


def _nearest(key: str, spell: Callable[[str], str]) -> str:
    near = difflib.get_close_matches(key, SETTINGS, n=1)
    return f" (did you mean {spell(near[0])}?)" if near else ""
