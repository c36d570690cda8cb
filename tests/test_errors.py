import inspect

import numpy as np
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


def test_a_message_is_cut_to_a_readable_length_and_keeps_what_to_do():
    message = str(ToppleError(f"history={'x' * 50_000_000!r} is not a sequence. Give a list."))
    assert len(message) < errors.LONGEST_WORD + 100
    assert message.startswith("history='xxx")
    assert "(49,999,7" in message
    assert message.endswith("is not a sequence. Give a list.")


def test_a_message_of_many_words_is_cut_in_the_middle():
    message = str(ToppleError(f"items {list(range(1_000_000))} are unknown. Leave them out."))
    assert len(message) < errors.LONGEST + 100
    assert message.endswith("are unknown. Leave them out.")


def test_a_list_is_what_holds_values_in_turn():
    lists = [[], (1,), {1}, range(2), iter([1]), {"a": 1}.values(), np.array([1]), np.array([[1]])]
    assert all(errors.is_list(each) for each in lists)
    assert not any(errors.is_list(each) for each in ("a", b"a", {"a": 1}, 3, None, np.array(3), np.int64(3), int))


def test_control_characters_are_shown_and_not_sent():
    message = str(ToppleError("title \x1b[2J\r\x07\x9b31m \u202edlo\u202c \udcff\nis odd"))
    assert message == "title \\x1b[2J\\r\\x07\\x9b31m \\u202edlo\\u202c \\udcff\nis odd"
