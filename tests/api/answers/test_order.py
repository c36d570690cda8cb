import logging
from dataclasses import replace

import numpy as np
import pytest

import topple
from topple.testing import tiny_split

QUICK = {"epochs": 1, "dimensions": 4}
UNORDERED = replace(tiny_split(), times=None)


def in_order(split):
    """Return the split with times that run against the order of the catalogue."""
    parts = (split.validation, split.test)
    validation, test = (replace(held, times=-held.fold_in.indices.astype(np.float64)) for held in parts)
    return replace(split, times=-split.train.indices.astype(np.float64), validation=validation, test=test)


def sequence_model():
    def last_item(histories):
        numbers = {item: number for number, item in enumerate(UNORDERED.catalogue.vocabulary.ids)}
        rows = np.zeros((len(histories), len(numbers)))
        for row, history in enumerate(histories):
            for at, item in enumerate(history):
                rows[row] += np.cos(np.arange(len(numbers)) * (numbers[item] + 1)) * (at + 1)
        return rows

    return topple.wrap(last_item, "callable", UNORDERED.catalogue, ordered=True)


def test_a_fit_that_needs_an_order_says_where_the_data_has_none(caplog):
    model = topple.fit(UNORDERED, "sasrec", settings=QUICK, progress=False)
    assert "sasrec reads a history as a sequence, and tiny has neither times nor an order of events" in caplog.text
    assert (
        "Of a table, name the column of times (timestamp=, --time-column), or say that the rows are in the order"
        in caplog.text
    )
    assert model.training["order"] == "not known"
    caplog.clear()
    topple.explain(model, UNORDERED.histories(limit=1), k=2, progress=False)
    assert "reads a history as a sequence" not in caplog.text  # it was said


@pytest.mark.parametrize(("split", "model"), [(in_order(UNORDERED), "sasrec"), (UNORDERED, "ease")])
def test_a_fit_with_an_order_or_without_the_need_says_nothing(caplog, split, model):
    settings = QUICK if model == "sasrec" else {}
    assert "order" not in topple.fit(split, model, settings=settings, progress=False).training
    assert "sequence" not in caplog.text


@pytest.mark.parametrize(
    "ask",
    [
        lambda model, histories: topple.explain(model, histories, k=2, progress=False, explainer="greedy"),
        lambda model, histories: topple.recommend(model, next(iter(histories.values())), k=2),
        lambda model, histories: topple.score(model, histories),
        lambda model, histories: topple.what_if(model, next(iter(histories.values())), k=2, add=absent(histories)),
    ],
    ids=["explain", "recommend", "score", "what_if"],
)
def test_a_wrapped_model_that_reads_an_order_is_asked_about_data_without_one(caplog, ask):
    with caplog.at_level(logging.WARNING):
        model = sequence_model()
        for _ in range(2):
            ask(model, UNORDERED.histories(limit=2))
    assert caplog.text.count("reads a history as a sequence, and the data of these histories has neither times") == 1


def absent(histories):
    history = next(iter(histories.values()))
    return [next(item for item in UNORDERED.catalogue.vocabulary.ids if item not in history)]


@pytest.mark.parametrize("model", [sequence_model(), topple.fit(UNORDERED, "ease", progress=False)])
def test_histories_with_an_order_and_histories_of_a_persons_are_asked_without_a_word(caplog, model):
    histories = in_order(UNORDERED).histories(limit=1)
    topple.recommend(model, next(iter(histories.values())), k=2)
    topple.recommend(model, list(next(iter(histories.values()))), k=2)
    assert "sequence" not in caplog.text
