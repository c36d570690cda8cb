import copy
import pickle

import pytest

from topple.records.history import History
from topple.records.question import Query, Request


def pickled(history):
    return pickle.loads(pickle.dumps(history))  # noqa: S301 # made here


def test_it_is_the_tuple_of_the_items():
    history = History(["a", "b"], [2, 0.5])
    assert history == ("a", "b")
    assert hash(history) == hash(("a", "b"))
    assert history[1] == "b"
    assert repr(history) == "History(('a', 'b'), weights=(2.0, 0.5))"
    assert repr(History(["a"])) == "('a',)"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickled])
def test_weights_go_along(again):
    history = again(History(["a", "b", "c"], [2, 0.5, 1]))
    assert history.weights == (2, 0.5, 1)
    assert (history[1:], history[1:].weights) == (("b", "c"), (0.5, 1))
    assert (history[::-1], history[::-1].weights) == (("c", "b", "a"), (1, 0.5, 2))


def test_weights_that_do_not_fit():
    with pytest.raises(ValueError, match="1 weights for a history of 2 events"):
        History(["a", "b"], [2])


def test_a_request_takes_the_weights_of_the_history_unless_others_are_given():
    history = History(["a", "b"], [2, 0.5])
    assert Request(history=history).weights == (2, 0.5)
    assert Request(history=history, weights=[1, 3]).weights == (1, 3)
    assert Query(history, "c").weights == (2, 0.5)
    assert Request(history=history).history_key == Request(history=("a", "b"), weights=(2.0, 0.5)).history_key
    assert Request(history=History(["a"])).weights == Request(history=["a"]).weights == ()
