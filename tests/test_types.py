import numpy as np
import pytest

from topple.types import ids_meant, plain, plain_ids


@pytest.mark.parametrize(
    ("value", "expected"),
    [(np.int64(3), 3), (np.float32(0.5), 0.5), (np.str_("a"), "a"), (7, 7), ("b", "b"), (None, None)],
)
def test_a_value_of_numpy_becomes_one_of_python_and_any_other_stays(value, expected):
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


@pytest.mark.parametrize("ids", [["a", 1], ("a",), np.array([1, 2]), [np.str_("a"), 1], iter("ab"), [True, None], []])
def test_ids_become_a_tuple_of_values_of_python(ids):
    given = list(ids)
    found = plain_ids(iter(given))
    assert found == tuple(given)
    assert [type(one) for one in found] == [type(plain(one)) for one in given]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", [1, "1"]), ("-1", [-1, "-1"]), ("0", [0, "0"]), ("-0", ["-0"]), ("01", ["01"]), ("x", ["x"]), ("", [""]), ("1 ", ["1 "]),
        ("9" * 19, [int("9" * 19), "9" * 19]), ("9" * 20, ["9" * 20]), ("٣", ["٣"]), ("1\n", ["1\n"]), ("1.0", ["1.0"]),
    ],
)  # fmt: skip
def test_a_text_that_is_a_number_as_numbers_are_written_may_mean_either(text, expected):
    assert ids_meant(text) == expected
