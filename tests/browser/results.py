"""What a page gave back: predictions, and what it did meanwhile."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tensor:
    """One output of a prediction, values flat in row-major order."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    values: list[float]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What `predict.js` returns: outputs in the model's order, times, tensors left behind."""

    outputs: tuple[Tensor, ...]
    load_ms: float
    predict_ms: float
    leaked: int


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the console."""

    type: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Failure:
    """One request that got no answer, or was refused by CORS."""

    url: str
    error: str


@dataclass(frozen=True, slots=True)
class Response:
    """One answer that the page saw; a 304 shows as 200 from the cache or as 304."""

    url: str
    status: int
    from_cache: bool
    from_service_worker: bool


@dataclass(frozen=True, slots=True)
class PageLog:
    """What a page did since it was opened or its log was last cleared."""

    console: tuple[Message, ...]
    errors: tuple[str, ...]
    failed: tuple[Failure, ...]
    responses: tuple[Response, ...]

    @property
    def trouble(self) -> list[str]:
        """Console errors, uncaught exceptions and failed requests as one list of lines."""
        return [
            *(m.text for m in self.console if m.type == "error"),
            *self.errors,
            *(f"{f.url}: {f.error}" for f in self.failed),
        ]
