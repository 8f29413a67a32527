"""The official converter, run on a copy of a model as its users run it."""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

CONVERTER = Path(__file__).parents[2] / ".official" / "bin" / "tensorflowjs_converter"
OFFICIAL_VERSION = "4.22.0"
INPUT_FORMATS = {".h5": "keras", ".keras": "keras_keras"}


@dataclass(frozen=True, slots=True)
class Official:
    """What the official converter made of a model.

    folder: where its model.json is.
    error: what it ended with, where it made none.
    """

    folder: Path
    error: str | None

    def __enter__(self) -> Official:
        return self

    def __exit__(self, *exception: object) -> None:
        """Remove what it wrote."""
        shutil.rmtree(self.folder.parent, ignore_errors=True)


def convert_officially(path: Path, folder: Path) -> Official:
    """Convert a model into `folder`, in which nothing else may be.

    It unpacks .keras files beside them, hence the copy.
    """
    if not CONVERTER.exists():
        raise FileNotFoundError(f"{CONVERTER} is missing: run scripts/official-env")
    out = folder / "out"
    folder.mkdir(parents=True)
    copy = Path(shutil.copy(path, folder))
    formats = (f"--input_format={INPUT_FORMATS[path.suffix]}", "--output_format=tfjs_layers_model")
    ended = subprocess.run(
        [CONVERTER, *formats, str(copy), str(out)],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    copy.unlink()
    if ended.returncode == 0 and (out / "model.json").exists():
        return Official(out, None)
    lines = ended.stderr.strip().splitlines()
    return Official(out, shortened(f"conversion error: {lines[-1] if lines else ended.returncode}"))


def shortened(sentence: str) -> str:
    """Return a message of a line's length, cut between words."""
    return textwrap.shorten(sentence, 120, placeholder=" …")
