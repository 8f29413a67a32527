"""Names, numbers and URLs as a terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.errors import Reason
from tfjs_serve.visible import visible

_BAD_URL_CHARACTERS = str.maketrans({"'": "%27"})


def escape(text: str, encoding: str = "utf-8") -> str:
    """Return text that shows as one line whatever it holds and whatever the terminal can show."""
    return visible(text).encode(encoding, "backslashreplace").decode(encoding)


def load_snippet(url: str) -> str:
    """Return the line of JavaScript that loads the model at `url`."""
    return f"await tf.loadLayersModel('{url.translate(_BAD_URL_CHARACTERS)}')"


def size(nbytes: int) -> str:
    """Return a number of bytes for people, in powers of 1000."""
    if nbytes < 1000:
        return f"{nbytes} B"
    amount = float(nbytes)
    for unit in ("kB", "MB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} GB"


def duration(ms: int) -> str:
    """Return a number of milliseconds for people."""
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def refusal_lines(message: str, reasons: Sequence[Reason]) -> list[str]:
    """Return a refusal in full: a headline, and below it each reason that is not said in it."""
    headline = message
    if len(reasons) > 1 and message.startswith(str(reasons[0])):
        headline = f"cannot be converted exactly, for {len(reasons)} reasons:"
    return [headline, *(f"- {reason}" for reason in reasons if reason.why not in headline)]
