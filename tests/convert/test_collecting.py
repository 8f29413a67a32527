from __future__ import annotations

import gc

import pytest

from tfjs_serve.convert.collecting import uncollected


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_collector_is_as_it_was(is_enabled: bool) -> None:
    def failing() -> None:
        with uncollected():
            assert not gc.isenabled()
            raise KeyError

    if not is_enabled:
        gc.disable()
    try:
        with pytest.raises(KeyError):
            failing()
        assert gc.isenabled() is is_enabled
    finally:
        gc.enable()
