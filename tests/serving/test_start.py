from __future__ import annotations

import subprocess
import sys


def test_the_server_starts_without_what_reads_models() -> None:
    program = "import sys, tfjs_serve.serving; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    packages = {name.partition(".")[0] for name in done.stdout.split()}
    assert not packages & {"numpy", "h5py", "keras", "tensorflow", "watchdog", "click"}
