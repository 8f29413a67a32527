"""Who holds the port that was wanted: perhaps an earlier start on the same folder."""

from __future__ import annotations

import json
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any

_LONGEST_ANSWER = 4096


def folder_served_at(host: str, port: int, *, timeout_s: float = 0.5) -> str | None:
    """Return the folder id of the tfjs-serve that answers there; None for anyone else."""
    connection = HTTPConnection(host.strip("[]"), port, timeout=timeout_s)
    try:
        connection.request("GET", "/_tfjs-serve/health")
        answer = connection.getresponse()
        if answer.status != HTTPStatus.OK:
            return None
        health: Any = json.loads(answer.read(_LONGEST_ANSWER))
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    folder = health.get("folder") if isinstance(health, dict) else None
    return folder if isinstance(folder, str) else None
