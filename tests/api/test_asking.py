"""What people have in hand is read, or refused by name."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

import topple
from topple import Query
from topple.api.asking import by_user, targets_of
from topple.errors import ArgumentError, CapabilityError, QueryError, SettingsError, UnknownNameError
from topple.testing import film_recommender
from topple.testing.toy import ANA

MODEL = film_recommender()
FILMS = list(MODEL.catalogue.vocabulary.ids[:3])


@pytest.mark.parametrize(
    "history",
    [
        (1, 2),
        np.array([1, 2]),
        torch.tensor([1, 2]),
        pa.array([1, 2]),
        pd.Series([1, 2]),
        {1: 0, 2: 0}.keys(),
        range(1, 3),
    ],
)
def test_one_history(history):
    assert by_user(history) == ({"": (1, 2)}, True)
    assert by_user(iter(history)) == ({"": (1, 2)}, True)
    assert by_user({"ann": iter(history)}) == ({"ann": (1, 2)}, False)


def test_a_series_of_lists_is_several_histories():
    frame = pd.DataFrame({"user": ["ann", "bob", "ann"], "item": [1, 2, 3]})
    assert by_user(frame.groupby("user")["item"].agg(list)) == ({"ann": (1, 3), "bob": (2,)}, False)


@pytest.mark.parametrize(
    ("histories", "message"),
    [
        ("abc", "histories of type str are not read. Give one history as a list"),
        (
            pd.DataFrame({"user": [1]}),
            r"histories of type DataFrame are not read.*groupby\('user'\)\['item'\].agg\(list\)",
        ),
        ([[1], [2]], "histories of type list hold sequences, and not item ids.*a mapping of each user id"),
        (torch.ones(2, 3), "histories of type Tensor hold sequences"),
        (5, "histories=5 is not a sequence of item ids. Give a list of them"),
        (None, "histories=None is not a sequence of item ids"),
    ],
)
@pytest.mark.parametrize("ask", [topple.explain, topple.score, topple.top_k_queries])
def test_what_is_no_history(ask, histories, message):
    with pytest.raises(QueryError, match=message):
        ask(MODEL, histories)


@pytest.mark.parametrize(
    ("targets", "found"),
    [
        (None, None),
        ("i07", ("i07",)),
        (7, (7,)),
        (np.int64(7), (7,)),
        (["a", "b"], ("a", "b")),
        (torch.tensor([1, 2]), (1, 2)),
    ],
)
def test_targets(targets, found):
    assert targets_of(targets) == found


def test_targets_that_are_none():
    with pytest.raises(QueryError, match=r"targets=0\.5 is not a sequence of item ids. Give a list of them, or one id"):
        targets_of(0.5)
    with pytest.raises(QueryError, match=r"target_item=\[1\] is no item id. Give the id of an item"):
        topple.explain(MODEL, FILMS, k=2, targets=[[1]], progress=False)


def test_one_target_is_explained_for_each_history():
    target = topple.recommend(MODEL, FILMS, k=2)[0].item
    for given in (target, iter([target])):
        explained = topple.explain(MODEL, {"ann": FILMS, "bob": FILMS}, k=2, targets=given, progress=False)
        assert [(each.query.user, each.query.target) for each in explained] == [("ann", target), ("bob", target)]


def test_costs_as_a_series():
    explained = topple.explain(MODEL, FILMS, k=1, item_costs=pd.Series({FILMS[0]: 2.5}), progress=False)
    assert explained[0].query.item_costs == ((FILMS[0], 2.5),)


def test_constraints_do_not_use_up_a_history_that_is_read_once():
    (explained,) = topple.explain(MODEL, {"ann": iter(FILMS)}, k=1, protected=iter(FILMS[:1]), progress=False)
    assert explained.query.history == tuple(FILMS)
    assert explained.query.protected == {FILMS[0]}


@pytest.mark.parametrize("cost", [float("nan"), -1.0, 1e-4, "x"])
def test_costs_of_items_that_no_history_holds_are_checked_too(cost):
    other = MODEL.catalogue.vocabulary.ids[5]
    with pytest.raises(QueryError, match=rf"the cost of item {other!r} is .*a cost is a number from 0.001 to 1000"):
        topple.explain(MODEL, {"ann": FILMS}, k=1, item_costs={other: cost}, progress=False)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"explainer": 5}, UnknownNameError, "5 is not one of the explainers"),
        ({"settings": 5}, SettingsError, "5 are no settings of AutoSettings. Give a mapping"),
        ({"settings": {1: 2}}, SettingsError, "are no settings of AutoSettings. Give a mapping"),
        ({"budget": "x"}, SettingsError, "'x' are no settings of Budget. Give a mapping"),
        ({"exclude": [[1]]}, QueryError, r"exclude=\[\[1\]\] is not a sequence of item ids. Give a list"),
        ({"candidates": "x"}, QueryError, "candidates='x' is not a sequence of item ids"),
        ({"contexts": 5}, QueryError, "context of type int is of no user. Give a mapping by user id"),
        ({"largest": 2**63}, QueryError, f"largest={2**63} is not a whole number of 64 bits"),
    ],
)
def test_options_of_other_types(options, error, message):
    with pytest.raises(error, match=message):
        topple.explain(MODEL, FILMS, k=1, progress=False, **options)


def test_weights_of_no_user():
    with pytest.raises(QueryError, match=r"weights of type list is of no user\. Give a mapping by user id"):
        topple.explain(MODEL, {"ann": FILMS}, k=1, weights=[1, 1, 1], progress=False)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: topple.explain("model", FILMS),
        lambda: topple.explain_queries("model", []),
        lambda: next(topple.explain_each("model", [])),
        lambda: topple.recommend("model", FILMS),
        lambda: topple.score("model", FILMS),
        lambda: topple.what_if("model", FILMS, without=FILMS[0]),
        lambda: topple.influence("model", FILMS),
        lambda: topple.evaluate("model", []),
        lambda: topple.top_k_queries("model", {}),
    ],
)
def test_what_is_no_recommender(ask):
    with pytest.raises(
        CapabilityError, match=r"str is no recommender\. Give what topple.fit, topple.load_model or topple.wrap"
    ):
        ask()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: topple.explain_queries(MODEL, 5), "queries=5 is not a sequence of queries"),
        (lambda: topple.explain_queries(MODEL, [5]), "5 is no query. Make one with Query"),
        (lambda: list(topple.explain_each(MODEL, [5])), "5 is no query"),
        (lambda: topple.evaluate(MODEL, [5]), "5 is no explanation. Give a list of what explain"),
        (lambda: topple.verify(MODEL, [5], [()]), "5 is no query"),
        (lambda: topple.score(MODEL, {"ann": None}), "None is not a sequence of ids. Give a list of ids"),
    ],
)
def test_what_is_no_query_explanation_or_set(ask, message):
    with pytest.raises(QueryError, match=message):
        ask()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: topple.evaluate(MODEL, 5), "explanations=5 is of type int. Give a list of what explain"),
        (lambda: topple.evaluate(MODEL, np.array(3)), r"explanations=array\(3\) is of type ndarray"),
        (
            lambda: topple.evaluate(MODEL, [], retraining=5),
            r"retraining=5 is of type int. Give Retraining\(split\), or None",
        ),
        (
            lambda: topple.verify(MODEL, [topple.Query(FILMS, "x")], ["x"]),
            "a set of removed='x' is of type str. Give a list of sets",
        ),
        (
            lambda: topple.what_if(MODEL, FILMS, 2, without=[[1]]),
            r"without, only or add=\[1\] is of type list. Give item ids",
        ),
        (
            lambda: topple.wrap(len, "callable", 5),
            "items=5 is of type int. Give the id of the item of each score column",
        ),
        (lambda: topple.Vocabulary(5), "ids=5 is of type int. Give a list of ids"),
        (lambda: topple.Catalogue(5), "vocabulary=5 is of type int. Give a Vocabulary"),
        (lambda: MODEL.catalogue.with_titles(5), "titles=5 is of type int. Give a mapping of item ids to titles"),
        (lambda: topple.prepare(5), "interactions=5 is of type int. Give what read_interactions"),
        (lambda: topple.read_interactions(pd.DataFrame(), user=5), "user=5 is of type int. Give the name of a column"),
        (lambda: topple.read_interactions(pd.DataFrame(), name=5), "name=5 is of type int. Give a text, or nothing"),
        (lambda: topple.read_split("x", name=5), "name=5 is of type int. Give a text, or None"),
        (lambda: topple.read_titles("x", item=5), "item=5 is of type int. Give the name of a column"),
        (lambda: topple.read_split(5), "path=5 is of type int. Give a path, as text or pathlib.Path"),
        (lambda: topple.read_explanations(5), "path=5 is of type int. Give a path"),
        (lambda: topple.load_model(5), "path=5 is of type int. Give a path"),
        (lambda: topple.load_model("x", 5), "catalogue=5 is of type int. Give a catalogue, or None"),
        (lambda: topple.load_model("x", factory=5), "factory=5 is of type int. Give the name of a function"),
        (lambda: topple.save_model(5, "x"), "recommender=5 is of type int. Give what fit, load_model or wrap returned"),
        (
            lambda: topple.save_model(MODEL, "x", 5),
            "split=5 is of type int. Give the split that the model was fitted on",
        ),
        (lambda: topple.write_split(5, "x"), "split=5 is of type int. Give what prepare or read_split returned"),
        (
            lambda: topple.write_explanations([5], MODEL.catalogue, "x"),
            "an explanation=5 is of type int. Give what explain",
        ),
        (lambda: topple.write_explanations([], 5, "x"), "catalogue=5 is of type int. Give the catalogue of the model"),
        (
            lambda: topple.sentence(5, MODEL.catalogue),
            "explanation=5 is of type int. Give one of those that explain returned",
        ),
        (lambda: topple.canonical_json(5), "explanation=5 is of type int. Give one of those that explain returned"),
        (lambda: topple.held_out_quality(MODEL, 5), "held_out=5 is of type int. Give a part of a split"),
    ],
)
def test_arguments_of_other_types(ask, message):
    with pytest.raises(ArgumentError, match=message):
        ask()


def test_values_that_are_nested_deep_or_without_dimensions_are_refused():
    model, deep, zero = film_recommender(), [], np.array(3)
    for _ in range(5_000):
        deep = [deep]
    (found,) = topple.explain_queries(model, [Query(ANA, "evita", k=deep)], progress=False)
    assert "k=" in found.reason
    with pytest.raises(ArgumentError, match=r"queries=array\(3\) is of type ndarray\. Give an iterable of Query"):
        topple.explain_each(model, zero)
    with pytest.raises(QueryError, match=r"unknown=.* is not one of refuse, drop"):
        topple.recommend(model, ANA, 2, unknown=deep)
    for given in ({"candidates": zero}, {"candidates": np.int64(3)}, {"exclude": zero}):
        with pytest.raises(QueryError, match=r"(candidates|exclude)=.*3.* is not a sequence of item ids"):
            topple.recommend(model, ANA, 2, unknown="drop", **given)
    assert topple.influence(model, ANA, zero - 1).ranks.shape == (4, 2)
    assert topple.what_if(model, ANA, zero - 1, without="alien").before[0].item == "evita"
