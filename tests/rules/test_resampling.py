from __future__ import annotations

import pytest

from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.resampling import LARGEST, part, resize_matrix


@pytest.mark.parametrize(("length", "new"), [(0, 3), (3, 0), (-1, 3), (3, 2**31), (LARGEST, 2)])
def test_lengths_that_no_image_has_are_refused(length: int, new: int) -> None:
    with pytest.raises(ShapeError, match=f"cannot resize a length of {length} to {new}"):
        resize_matrix(length, new, "bilinear")


def test_a_part_of_what_no_image_has_is_refused() -> None:
    with pytest.raises(ShapeError, match="cannot keep 3 of 2147483648 places"):
        part(2**31, 0, 3)


def test_rows_share_one_place() -> None:
    matrix = resize_matrix(4, 8, "bilinear")
    assert matrix is not None
    assert matrix.shape == (4, 8)
    assert matrix.sum(0).tolist() == [1.0] * 8
