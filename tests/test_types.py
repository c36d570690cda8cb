import numpy as np
import pytest

from topple.types import plain


@pytest.mark.parametrize(
    ("value", "expected"),
    [(np.int64(3), 3), (np.float32(0.5), 0.5), (np.str_("a"), "a"), (7, 7), ("b", "b"), (None, None)],
)
def test_a_value_of_numpy_becomes_one_of_python_and_any_other_stays(value, expected):
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)
