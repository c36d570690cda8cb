import warnings

import numpy as np
import pytest

import topple
from topple import Shown
from topple.recommenders.adapters import callable as adapter

ITEMS = [f"i{number:02d}" for number in range(40)]
GIVES = np.random.default_rng(0).random((40, 40)) * (1 - np.eye(40))
HISTORIES = [tuple(ITEMS[(7 * user + step) % 40] for step in range(5)) for user in range(8)]


def wrapped(**options):
    return topple.wrap(lambda rows: rows @ GIVES, "callable", ITEMS, histories="csr", **options)


def library_that(changes=None, asked=None, weights=()):
    """The lists of a library that recommends as the model does, for histories that are changed before."""

    def lists_of_library(model, items, recommender, users, k):
        asked_of = [history if changes is None else changes(history) for history in HISTORIES[:users]]
        lists = [topple.recommend(recommender, history, k, **(asked or {})) for history in asked_of]
        return [Shown(history, tuple(one.item for one in listed), number, weights)
                for number, (history, listed) in enumerate(zip(HISTORIES, lists, strict=True))]  # fmt: skip

    return lists_of_library


def test_a_library_that_recommends_the_same_is_no_reason_to_warn(monkeypatch):
    monkeypatch.setattr(adapter, "lists_of_library", library_that(), raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert wrapped()


def test_other_lists_of_the_library_are_warned_of_with_the_figure_and_the_reason(monkeypatch):
    monkeypatch.setattr(adapter, "lists_of_library", library_that(lambda history: history[:-1]), raising=False)
    expected = (
        r"0 of 8 lists that the library itself .* \(mean overlap at 10: 0\.\d\d\).*: history: the history is newer"
    )
    with pytest.warns(UserWarning, match=expected):
        wrapped()


def test_weights_that_the_library_was_not_asked_with_are_the_reason(monkeypatch):
    monkeypatch.setattr(adapter, "lists_of_library", library_that(weights=(1, 9, 1, 5, 1)), raising=False)
    with pytest.warns(UserWarning, match="weights: the list is the model's with weights of 1"):
        wrapped()


def test_the_comparison_can_be_left_out(monkeypatch):
    monkeypatch.setattr(adapter, "lists_of_library", library_that(lambda history: history[:-1]), raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert wrapped(check=False)


def test_a_library_that_cannot_recommend_is_not_compared(monkeypatch, caplog):
    def fails(*_):
        raise RuntimeError("no users")

    monkeypatch.setattr(adapter, "lists_of_library", fails, raising=False)
    with caplog.at_level("INFO", logger="topple"):
        assert wrapped()
    assert "was not compared with the library's lists: RuntimeError: no users" in caplog.text
