"""A process that saves models, told how line by line; every save runs in a child of its own.

driver → writer   {"style", "path", "version", "layers", "units", "pause_s"}
writer → driver   {"status": of the child, "closed": when it was done, as `time.monotonic`}
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from tests.writers.styles import REAL_TOOLS, STYLES, Save
from tests.writers.versions import Plan


def main() -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        done, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(done)
            _save(request, tell)
        os.close(tell)
        _, status = os.waitpid(child, 0)
        told = os.read(done, 100)
        os.close(done)
        closed = float(told) if told else time.monotonic()
        reply = {"status": os.waitstatus_to_exitcode(status), "closed": closed}
        print(json.dumps(reply), flush=True)


def _save(request: dict[str, Any], tell: int) -> None:
    path = Path(request["path"])
    chance = random.Random(request["version"])
    save = Save(
        path,
        request["version"],
        Plan(request["layers"], request["units"]),
        lambda: time.sleep(chance.uniform(0, request["pause_s"])),
    )
    status = 1
    try:
        {**STYLES[path.suffix], **REAL_TOOLS}[request["style"]](save)
        os.write(tell, str(time.monotonic()).encode())
        status = 0
    except Exception:  # noqa: BLE001
        # Whatever it is: a save that fails is what the driver wants to know of.
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
