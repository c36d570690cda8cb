import numpy as np
import pytest

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import DataError, RecommenderError
from topple.recommenders.adapters.catalogues import catalogue_of, library, say_weighted

IDS = ("b", "a", "c")


@pytest.mark.parametrize("items", [list(IDS), iter(IDS), np.array(IDS), Vocabulary(IDS), Catalogue(Vocabulary(IDS))])
def test_ids_keep_their_order(items):
    assert catalogue_of(items, "mine").vocabulary.ids == IDS


@pytest.mark.parametrize("items", [set(IDS), frozenset(IDS), {"b": 1, "a": 0, "c": 2}, "bac", b"bac"])
def test_what_has_no_order_or_no_ids_is_refused(items):
    with pytest.raises(DataError, match=rf"the items of mine are a {type(items).__name__}, which has no .*Give a list"):
        catalogue_of(items, "mine")


def test_other_counts_and_none_are_refused():
    with pytest.raises(DataError, match=r"mine does not say which items it scores\. Give items="):
        catalogue_of(None, "mine")
    with pytest.raises(RecommenderError, match=r"3 items for mine, which scores 4"):
        catalogue_of(IDS, "mine", 4)
    with pytest.raises(DataError, match=r"the items of mine: item id 'b' .* more than once"):
        catalogue_of(["b", "b"], "mine")


def test_a_library_that_is_not_there_says_how_to_get_it():
    with pytest.raises(RecommenderError, match=r"no_such_library cannot be imported .*pip install 'topple.*\[fast\]'"):
        library("no_such_library", "fast")


def test_weights_that_are_not_all_one_are_said(caplog):
    say_weighted("mine", np.ones(4))
    say_weighted("mine", [])
    assert not caplog.text
    say_weighted("mine", [1, 5])
    assert "mine was fitted on weights from 1 to 5. Give the weights of a history" in caplog.text
