"""The files of the companion module, and the line that loads it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from tests.command import outcome
from tests.companion.models import MODELS
from tfjs_serve.companion import FILES, read_module, register_snippet, write_module


def test_a_module_is_written_with_its_types(tmp_path: Path) -> None:
    write_module(tmp_path)
    package = resources.files("tfjs_serve.companion")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        name: package.joinpath(name).read_bytes() for name in FILES
    }
    assert (tmp_path / "layers.js").read_bytes() == read_module()


def test_the_snippet() -> None:
    assert (
        register_snippet("http://h/layers.js")
        == "(await import('http://h/layers.js')).register(tf)"
    )


@pytest.mark.parametrize("flags", [(), ("--companion",)])
def test_convert_writes_it_when_asked(tmp_path: Path, flags: tuple[str, ...]) -> None:
    status, _, complaints = outcome(
        ("convert", str(MODELS[0].path), str(tmp_path / "site"), *flags)
    )
    assert status == 0
    names = {path.name for path in (tmp_path / "site").iterdir()}
    assert names == {"model.json", "group1-shard1of1.bin", *(FILES if flags else ())}
    assert "warning: needs the companion module (for TfjsServeGRU)" in complaints
