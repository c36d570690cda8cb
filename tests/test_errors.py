import inspect

import pytest

from topple import errors
from topple.errors import ToppleError

CLASSES = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, ToppleError) and found is not ToppleError
]


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_is_also_the_built_in_that_a_caller_expects(error):
    drawn = next(line for line in (errors.__doc__ or "").splitlines() if f" {error.__name__} " in line)
    built_in = drawn.partition("(")[2].partition(")")[0]
    assert issubclass(error, getattr(__import__("builtins"), built_in))


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_says_what_it_is_for(error):
    assert error.__doc__
    assert str(error("what failed")) == "what failed"


def test_the_tree_at_the_top_draws_no_class_that_is_not_there():
    drawn = [line.split("── ")[1].split()[0] for line in (errors.__doc__ or "").splitlines() if "── " in line]
    assert sorted(drawn) == sorted(error.__name__ for error in CLASSES)
