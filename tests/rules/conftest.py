"""Random numbers that do not depend on which tests ran before."""

from __future__ import annotations

import pytest

from tests.rules.numbers import RNG

_START = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def _same_numbers_each_time() -> None:
    RNG.bit_generator.state = _START
