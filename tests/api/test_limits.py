"""What may be listed, for all users or for each, and ids that the catalogue does not hold."""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import topple
from topple import Query, Status, canonical_json
from topple.errors import QueryError
from topple.testing import random_mult_vae

MODEL = random_mult_vae()
IDS = MODEL.catalogue.vocabulary.ids
HISTORIES = {"ann": IDS[:4], "bob": IDS[3:8], "cyd": IDS[1:6]}
STOCK = {"ann": IDS[6:14], "bob": IDS[10:20], "cyd": IDS[6:20]}
GONE = {"ann": [IDS[9]], "cyd": IDS[10:13]}


def explained(histories, **limits):
    return topple.explain(MODEL, histories, k=3, progress=False, **limits)


@pytest.mark.parametrize("limits", [{"candidates": STOCK}, {"exclude": GONE}, {"candidates": STOCK, "exclude": GONE}])
def test_each_user_has_other_candidates_and_excluded_items(limits):
    together = explained(HISTORIES, **limits)
    alone = [
        answer
        for user, history in HISTORIES.items()
        for answer in explained({user: history}, **{name: of.get(user, ()) for name, of in limits.items()})
    ]
    assert [canonical_json(each) for each in together] == [canonical_json(each) for each in alone]
    for each in together:
        user = each.query.user
        assert each.query.candidates == (frozenset(STOCK[user]) if "candidates" in limits else None)
        assert each.query.exclude == frozenset(GONE.get(user, ()) if "exclude" in limits else ())
        assert each.query.target not in each.query.exclude
        assert not {*each.replacements} & each.query.exclude
    queries = topple.top_k_queries(MODEL, HISTORIES, k=3, **limits)
    assert queries == [each.query for each in together]
    assert [canonical_json(e) for e in topple.explain_each(MODEL, queries)] == [canonical_json(e) for e in together]


def test_they_may_be_a_series_of_lists_and_arrays():
    frame = pd.DataFrame([(user, item) for user, items in GONE.items() for item in items], columns=["user", "item"])
    series = frame.groupby("user")["item"].agg(list)
    arrays = {user: np.array(items) for user, items in GONE.items()}
    expected = topple.top_k_queries(MODEL, HISTORIES, k=3, exclude=GONE)
    assert topple.top_k_queries(MODEL, HISTORIES, k=3, exclude=series) == expected
    assert topple.top_k_queries(MODEL, HISTORIES, k=3, exclude=arrays) == expected


def test_lists_that_were_shown_are_compared_under_the_limits_of_each_user():
    shown = {
        user: [one.item for one in topple.recommend(MODEL, history, 3, candidates=STOCK[user])]
        for user, history in HISTORIES.items()
    }
    found = topple.agreement(MODEL, shown, histories=HISTORIES, candidates=STOCK)
    assert found.share == 1
    assert topple.agreement(MODEL, shown, histories=HISTORIES).share < 1


def test_what_if_and_influence_keep_to_the_candidates():
    history, stock, gone = IDS[:5], IDS[6:16], IDS[8:10]
    found = topple.what_if(MODEL, history, 3, without=history[0], candidates=stock, exclude=gone)
    allowed = [item for item in stock if item not in gone]
    scores = dict(zip(IDS, topple.score(MODEL, history[1:]), strict=True))
    assert [one.item for one in found.after] == sorted(allowed, key=scores.__getitem__, reverse=True)[:3]
    recommended = topple.recommend(MODEL, history, 3, candidates=stock, exclude=gone)
    assert [one.item for one in found.before] == [one.item for one in recommended]
    influence = topple.influence(MODEL, history, 3, candidates=stock, exclude=gone)
    assert [one.item for one in influence.listed] == [one.item for one in found.before]
    after = {one.item: one.after for one in (*found.left, *found.moved)}
    kept = {one.item: one.rank for one in found.after}
    assert influence.ranks[0].tolist() == [after.get(one.item, kept.get(one.item)) for one in influence.listed]
    with pytest.raises(QueryError, match="k=3 with 2 items outside both histories that may be listed"):
        topple.what_if(MODEL, history, 3, add=stock[:2], candidates=stock[:4])


@pytest.mark.parametrize(
    ("limits", "match"),
    [
        (
            {"candidates": {"ann": IDS[6:14]}},
            "candidates are given for 1 user, and there are none for 2 of those asked about, such as 'bob'",
        ),
        ({"candidates": {**STOCK, "ann": "film"}}, "candidates='film' is not a sequence of item ids"),
        ({"exclude": {"ann": 5}}, "exclude=5 is not a sequence of item ids"),
        ({"candidates": STOCK | {"ann": ["nothing"]}}, "candidates: unknown item id 'nothing'"),
        (
            {"candidates": STOCK | {"ann": IDS[6:9]}},
            r"user 'ann': k=3 with 3 candidates \(catalogue 24, of which 3 may be listed, 0 of these in the history\).*let more items be",
        ),
        ({"candidates": STOCK | {"ann": []}}, "k=3 with 0 candidates"),
    ],
)
def test_limits_that_cannot_be_kept_to(limits, match):
    with pytest.raises(QueryError, match=match):
        topple.top_k_queries(MODEL, HISTORIES, k=3, **limits)


def test_a_user_whose_limits_are_bad_does_not_stop_the_others():
    found = explained(HISTORIES, candidates=STOCK | {"ann": ["nothing"], "bob": []})
    assert [each.status is Status.INVALID for each in found] == [True, True, False, False, False]
    assert "unknown item id 'nothing'" in found[0].reason
    assert "k=3 with 0 candidates" in found[1].reason


@pytest.mark.parametrize("verb", [topple.explain, topple.recommend, topple.influence])
def test_one_history_of_nobodys_has_no_limits_by_user(verb):
    with pytest.raises(
        QueryError, match=r"exclude: the items are given by user, and the history that is asked about is nobody's"
    ):
        verb(MODEL, IDS[:4], k=3, exclude=GONE)


# ids that the catalogue does not hold


WITH_GONE = {"ann": topple.History(["x", *IDS[:4], "y"], [9, 1, 2, 3, 4, 9]), "bob": IDS[3:8], "cyd": ["x", "z"]}


def test_unknown_ids_are_refused_unless_they_are_to_be_dropped():
    found = explained(WITH_GONE)
    assert [each.status is Status.INVALID for each in found] == [True, False, False, False, True]
    assert "the history holds items outside the catalogue: unknown item id 'x', 'y'" in found[0].reason
    with pytest.raises(QueryError, match=r"unknown='forget' is not one of refuse, drop\. Choose one of these"):
        explained(WITH_GONE, unknown="forget")


def test_dropped_events_go_with_their_weights_and_the_answer_says_so(caplog):
    with caplog.at_level(logging.WARNING, logger="topple"):
        found = explained(WITH_GONE, unknown="drop")
    plain = explained({"ann": topple.History(IDS[:4], [1, 2, 3, 4]), "bob": IDS[3:8]})
    assert [(each.query, each.items, each.status) for each in found[:-1]] == [
        (each.query, each.items, each.status) for each in plain
    ]
    assert found[0].query.weights == (1, 2, 3, 4)
    assert found[0].query.left_out == ("x", "y")
    told = "2 events of the history were left out, as the catalogue does not hold the items, such as 'x'"
    assert all(each.reason.endswith(told) for each in found[:3])
    assert "left out" not in found[3].reason
    assert "4 events of 2 histories left out: the catalogue does not hold 'x', 'y', 'z'" in caplog.text


def test_a_history_of_unknown_items_alone_says_so():
    *_, last = explained(WITH_GONE, unknown="drop")
    assert last.status is Status.INVALID
    assert last.reason.startswith("the catalogue holds none of the 2 items of the history, such as 'x'")
    with pytest.raises(QueryError, match="the catalogue holds none of the 1 items of the history, such as 'x'"):
        topple.recommend(MODEL, ["x"], unknown="drop")


def test_weights_that_do_not_fit_are_refused_as_they_were_given():
    with pytest.raises(QueryError, match="2 weights for a history of 3 events"):
        topple.recommend(MODEL, ["x", *IDS[:2]], weights=[1, 2], unknown="drop")


def test_what_is_no_id_is_not_dropped():
    with pytest.raises(QueryError, match="unknown item id None"):
        topple.recommend(MODEL, [None, *IDS[:3]], unknown="drop")


def test_unknown_ids_of_candidates_and_constraints_are_dropped_and_counted(caplog):
    history = IDS[:5]
    given = {
        "candidates": [*IDS[6:16], "x"],
        "exclude": [IDS[7], "y", "z"],
        "protected": [IDS[0], "p"],
        "groups": [[IDS[1], IDS[2], "g"]],
        "item_costs": {IDS[3]: 2.5, "c": 3},
    }
    with caplog.at_level(logging.WARNING, logger="topple"):
        found = explained({"ann": history}, unknown="drop", **given)
    query = found[0].query
    assert query.candidates == frozenset(IDS[6:16])
    assert query.exclude == {IDS[7]}
    assert query.protected == {IDS[0]}
    assert query.groups == ((IDS[1], IDS[2]),)
    assert dict(query.item_costs) == {IDS[3]: 2.5}
    for told in (
        "1 id of candidates",
        "2 ids of excluded items",
        "1 id of protected items",
        "1 id of groups",
        "1 id of item costs",
    ):
        assert f"{told} left out: the catalogue does not hold" in caplog.text
    by_user = topple.top_k_queries(MODEL, {"ann": history}, k=3, unknown="drop", exclude={"ann": [IDS[7], "y"]})
    assert by_user[0].exclude == {IDS[7]}
    with pytest.raises(
        QueryError, match=r"candidates: the catalogue holds none of the 2 ids, such as '.', '.'\. Check whether"
    ):
        explained({"ann": history}, unknown="drop", candidates=["x", "y"])
    with pytest.raises(QueryError, match="candidates: unknown item id 'x'"):
        explained({"ann": history}, candidates=given["candidates"])


def test_queries_are_asked_without_unknown_ids():
    query = Query(["x", *IDS[:4]], None, k=3, weights=[9, 1, 1, 1, 1], exclude=["y"], protected=["x", IDS[0]])
    (target, *_) = topple.recommend(MODEL, IDS[:4], 3)
    asked = [replace(query, target=target.item)] * 2
    for found in (
        topple.explain_queries(MODEL, asked, unknown="drop", progress=False),
        list(topple.explain_each(MODEL, asked, unknown="drop")),
    ):
        assert found[0].status is not Status.INVALID
        assert found[0].query.history == IDS[:4]
        assert found[0].query.protected == {IDS[0]}
        assert found[0].query.exclude == frozenset()
        assert "1 event of the history was left out" in found[0].reason
    assert topple.explain_queries(MODEL, asked, progress=False)[0].status is Status.INVALID


def test_other_verbs_drop_too():
    history = ["x", *IDS[:4]]
    assert topple.recommend(MODEL, history, 3, unknown="drop") == topple.recommend(MODEL, IDS[:4], 3)
    known = topple.what_if(MODEL, IDS[:4], 3, without=IDS[0])
    assert topple.what_if(MODEL, history, 3, without=IDS[0], unknown="drop") == known
    assert topple.influence(MODEL, history, 3, unknown="drop").units == tuple((item,) for item in IDS[:4])
    weighted = topple.score(MODEL, {"ann": topple.History(history, [9, 1, 2, 3, 4])}, unknown="drop")
    assert (weighted == topple.score(MODEL, {"ann": topple.History(IDS[:4], [1, 2, 3, 4])})).all()
    with pytest.raises(QueryError, match="unknown item id 'x'"):
        topple.score(MODEL, history, IDS[:2])
    for verb in (topple.recommend, topple.influence):
        with pytest.raises(QueryError, match="the history holds items outside the catalogue"):
            verb(MODEL, history, 3)


def test_a_list_shown_for_a_history_of_unknown_items_is_of_another_catalogue():
    shown = {
        user: [one.item for one in topple.recommend(MODEL, history, 3)]
        for user, history in {"ann": IDS[:4], "bob": IDS[3:8], "cyd": IDS[:2]}.items()
    }
    histories = {"ann": ["x", *IDS[:4]], "bob": IDS[3:8], "cyd": ["x", "z"]}
    with pytest.raises(QueryError, match="user 'ann': the history holds items outside the catalogue"):
        topple.agreement(MODEL, shown, histories=histories)
    found = topple.agreement(MODEL, shown, histories=histories, unknown="drop")
    assert [each.match.value for each in found.lists] == ["identical", "identical", "different"]
    assert found.lists[2].reason.startswith("the model knows none of the 2 items of the history, such as 'x'")
    with pytest.raises(QueryError, match="user 'cyd': the catalogue holds none of the 2 items of the history"):
        topple.agreement(MODEL, {"cyd": shown["cyd"]}, histories=histories, unknown="drop")
