"""Constraints that cannot be kept are refused; explainers that break them are found out at the exit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from topple import evaluate, explain, explain_queries, top_k_queries
from topple.api.recommending import recommend
from topple.errors import QueryError
from topple.explainers.base import Explainer
from topple.records.answer import Proof, Status
from topple.records.claims import Claims
from topple.records.question import CandidateRule, Goal, Query
from topple.testing import film_world, random_mult_vae
from topple.testing.toy import ANA, BO

FILMS = film_world()
TOY, ONE, TWO = FILMS.recommender, FILMS.one, FILMS.two
RECURSIVE: list = []
RECURSIVE.append(RECURSIVE)

MALFORMED = {
    "groups of text": ({"groups": "abc"}, "groups are sequences of item ids"),
    "a group of text": ({"groups": ["alien"]}, "groups are sequences of item ids"),
    "groups of numbers": ({"groups": 5}, "groups are sequences of item ids"),
    "a group of lists": ({"groups": [[["alien"]]]}, "hold something that is no item id"),
    "overlapping groups": ({"groups": [("alien", "duel"), ("duel", "brazil")]}, "'duel' is in two groups"),
    "twice in a group": ({"groups": [("alien", "alien")]}, "'alien' is in two groups, or twice in one"),
    "a group of a stranger": ({"groups": [("alien", "evita")]}, "grouped item 'evita' is not in the history"),
    "a group of an unknown item": ({"groups": [("alien", "jaws")]}, "grouped item 'jaws' is not in the history"),
    "costs of a number": ({"item_costs": 5}, "costs a mapping of item ids to numbers"),
    "costs of text": ({"item_costs": "ab"}, "costs a mapping"),
    "costs of triples": ({"item_costs": [("alien", 1, 2)]}, "costs a mapping"),
    "a cost of a list": ({"item_costs": [(["alien"], 1)]}, "hold something that is no item id"),
    "two costs": ({"item_costs": [("alien", 1), ("alien", 2)]}, "price an item twice"),
    "cost 0": (
        {"item_costs": {"alien": 0}},
        "the cost of item 'alien' is 0; a cost is a number from 0.001 to 1000",
    ),
    "cost below 0": ({"item_costs": {"alien": -1}}, "the cost of item 'alien' is -1"),
    "cost NaN": ({"item_costs": {"alien": float("nan")}}, "the cost of item 'alien' is nan"),
    "cost infinity": ({"item_costs": {"alien": float("inf")}}, "the cost of item 'alien' is inf"),
    "cost beyond all numbers": ({"item_costs": {"alien": 10**400}}, "the cost of item 'alien' is 1000"),
    "cost beyond sums": ({"item_costs": {"alien": 1e308, "duel": 1e308}}, "the cost of item 'alien' is 1e\\+308"),
    "cost next to nothing": ({"item_costs": {"alien": 1e-12}}, "the cost of item 'alien' is 1e-12"),
    "cost bool": ({"item_costs": {"alien": True}}, "the cost of item 'alien' is True"),
    "cost text": ({"item_costs": {"alien": "1"}}, "the cost of item 'alien' is '1'"),
    "cost list": ({"item_costs": {"alien": [1]}}, "hold something that is no item id"),
    "cost array": ({"item_costs": {"alien": np.ones(2)}}, "hold something that is no item id"),
    "cost of a stranger": ({"item_costs": {"evita": 2}}, "priced item 'evita' is not in the history"),
    "protected text": ({"protected": "alien"}, "protected='alien' is not a sequence of item ids"),
    "protected number": ({"protected": 3}, "protected=3 is not a sequence of item ids"),
    "protected lists": ({"protected": [["alien"]]}, "protected=.* is not a sequence of item ids"),
    "protected stranger": ({"protected": ["jaws"]}, "protected item 'jaws' is not in the history"),
    "largest 0": ({"largest": 0}, "largest=0 is not a whole number of 64 bits of at least 1"),
    "largest half": ({"largest": 1.5}, "largest=1.5"),
    "largest bool": ({"largest": True}, "largest=True"),
    "sets 0": ({"sets": 0}, "sets=0"),
    "sets none": ({"sets": None}, "sets=None"),
    "goal unknown": ({"goal": "enough"}, "goal='enough' is not one of necessary, sufficient, both"),
    "goal list": ({"goal": ["both"]}, "goal=.* is not one of"),
    "goal array": ({"goal": np.array(["both", "both"])}, "goal=.* is not one of"),
    "rule none": ({"rule": None}, "rule=None is not one of"),
    "history number": ({"history": 5}, "history=5 is not a sequence of item ids"),
    "history text": ({"history": "alien"}, "history='alien' is not a sequence of item ids"),
    "history none": ({"history": None}, "history=None is not a sequence"),
    "history of itself": ({"history": RECURSIVE}, "unknown item id"),
    "target list": ({"target": ["evita"]}, "target_item=.* is no item id"),
    "seed text": ({"seed": "1"}, "seed='1' is not an integer"),
    "k text": ({"k": "1"}, "k='1' is not a whole number"),
}


@pytest.mark.parametrize("explainer", ["auto", "lcer"])
def test_a_query_that_cannot_be_asked_says_why_and_stops_no_other(explainer):
    bad = [replace(ONE, **wrong) for wrong, _ in MALFORMED.values()]
    settings = {"steps": 60} if explainer == "lcer" else None
    found = explain_queries(TOY, [ONE, *bad, TWO], explainer=explainer, settings=settings, progress=False)
    alone = explain_queries(TOY, [ONE, TWO], explainer=explainer, settings=settings, progress=False)
    assert [(e.status, e.items) for e in (found[0], found[-1])] == [(e.status, e.items) for e in alone]
    assert {e.status for e in found[1:-1]} == {Status.INVALID}
    assert all(e.reason and e.cost == 0 and e.items == () for e in found[1:-1])


@pytest.mark.parametrize("name", MALFORMED)
def test_the_reason_names_what_is_wrong(name):
    wrong, match = MALFORMED[name]
    (found,) = explain_queries(TOY, [replace(ONE, **wrong)], progress=False)
    assert found.status is Status.INVALID
    with pytest.raises(QueryError, match=match):
        raise QueryError(found.reason)


def test_a_goal_that_a_method_does_not_know_names_those_that_do():
    (found,) = explain_queries(TOY, [replace(ONE, goal="both")], explainer="lcer-rank", progress=False)
    assert found.status is Status.INVALID
    assert "goal='both': lcer-rank looks for necessary sets only. Choose of auto" in found.reason
    assert "greedy" in found.reason


def test_names_and_numbers_are_brought_to_their_types():
    query = Query(
        np.array(ANA),
        np.str_("evita"),
        k=np.int64(1),
        rule="unseen_after",
        protected=["duel"],
        goal="both",
        groups=[["alien", "brazil"], np.array(["duel"])],
        item_costs={np.str_("alien"): np.float32(0.5)},
        largest=np.int32(3),
        sets=np.int8(2),
    )
    assert query == Query(
        ANA,
        "evita",
        k=1,
        rule=CandidateRule.UNSEEN_AFTER,
        protected=frozenset({"duel"}),
        goal=Goal.BOTH,
        groups=(("alien", "brazil"), ("duel",)),
        item_costs=(("alien", 0.5),),
        largest=3,
        sets=2,
    )
    assert {type(each) for each in (query.target, query.item_costs[0][0], *query.groups[1])} == {str}
    assert {type(each) for each in (query.k, query.largest, query.sets)} == {int}
    assert replace(query, sets=1).item_costs == (("alien", 0.5),)
    assert hash(query) == hash(replace(query))


def test_an_item_that_is_not_priced_costs_1():
    assert replace(ONE, item_costs={"alien": 0.1, "duel": 0.2}).item_cost(["alien", "duel", "brazil"]) == 1.3


def test_constraints_of_a_run_are_cut_to_each_history():
    queries = top_k_queries(
        TOY,
        {"ana": ANA, "bo": BO},
        k=1,
        goal="both",
        groups=[("alien", "brazil", "evita"), ("duel", "gattaca")],
        item_costs={"alien": 2, "evita": 3},
        protected=["duel"],
        largest=2,
        sets=3,
    )
    ana, bo = queries
    assert (ana.groups, ana.item_costs, ana.protected) == ((("alien", "brazil"),), (("alien", 2),), {"duel"})
    assert (bo.groups, bo.item_costs, bo.protected) == ((), (("evita", 3),), frozenset())
    assert {(q.goal, q.largest, q.sets) for q in queries} == {(Goal.BOTH, 2, 3)}


@pytest.mark.parametrize(
    ("constraints", "match"),
    [
        ({"goal": "all"}, "goal='all'"),
        ({"groups": [("alien", "jaws")]}, "groups: unknown item id 'jaws'"),
        ({"item_costs": {"jaws": 1}}, "item_costs: unknown item id 'jaws'"),
        ({"groups": "abc"}, "groups are sequences"),
        ({"groups": [[["alien"]]]}, "hold something that is no item id"),
    ],
)
def test_constraints_of_a_run_that_fit_nobody_are_refused(constraints, match):
    with pytest.raises(QueryError, match=match):
        explain(TOY, {"ana": ANA}, k=1, progress=False, **constraints)


class Liar(Explainer):
    """Claims what it was told to claim, as a proven minimum."""

    name = "liar"
    goals = frozenset(Goal)
    named: tuple = ()
    others: tuple = ()

    def propose(self, recommender, queries, on_progress=None, meter=None):
        def places(some):
            return torch.tensor([[item in some for item in query.history] for query in queries.queries])

        sets, others = (
            places(self.named),
            {0: torch.cat([places(some)[:1] for some in self.others])} if self.others else {},
        )
        return Claims(
            sets, queries.cost(sets).double(), torch.zeros_like(sets[:, 0]), torch.ones_like(queries.k), others
        )


def lie(query, *named, others=()):
    liar = Liar()
    liar.named, liar.others = named, others
    (found,) = explain_queries(TOY, [query], explainer=liar, progress=False)
    return found


@pytest.mark.parametrize(
    ("constraints", "named", "reason"),
    [
        ({}, ("duel",), "refuted by re-ranking: without the set the target is at rank 1, still in the top 1"),
        (
            {"goal": "sufficient"},
            ("duel",),
            "refuted by re-ranking: with nothing but the set the target is at rank 3, not in",
        ),
        ({"goal": "both", "rule": "unseen_after"}, ("brazil",), "refuted by re-ranking: with nothing but the set"),
        ({"goal": "both"}, ("duel",), "refuted by re-ranking: without the set the target is at rank 1"),
        (
            {"groups": [("alien", "duel")]},
            ("alien",),
            r"refused: of the group \('alien', 'duel'\) only a part is named",
        ),
        ({"largest": 1}, ("alien", "brazil"), "refused: 2 items are named, more than largest=1"),
        ({"protected": ["alien"]}, ("alien",), "refused: named item 'alien' is protected"),
    ],
)
def test_a_lie_is_found_out_at_the_exit_and_is_valid_nowhere(constraints, named, reason):
    found = lie(replace(ONE, **constraints), *named)
    with pytest.raises(QueryError, match=reason):
        raise QueryError(found.reason)
    assert (found.valid, found.proof, found.alternatives) == (False, None, ())
    assert (found.rank_after is None) == ("refused" in reason)  # what is not allowed is not judged either
    measured = evaluate(TOY, [found]).measurements[found.query.rule]
    assert measured["validity"].value == 0


def test_the_truth_is_let_out():
    found = lie(replace(ONE, groups=[("alien", "duel")], goal="both"), "alien", "duel")
    assert (found.proof, found.reason, found.rank_after, found.rank_alone) == (
        Proof.MINIMAL,
        "",
        2,
        1,
    )  # brazil costs less
    assert found.at_least is None
    found = lie(replace(ONE, item_costs={"alien": 0.5}), "alien")
    assert (found.proof, found.at_least, found.proof_by) == (Proof.MINIMUM, 0.5, ""), (
        "the judge tries single items alone"
    )


def test_other_sets_are_let_out_once_where_they_are_true_allowed_and_cost_the_same():
    others = (("alien",), ("brazil",), ("brazil",), ("duel",), ("alien", "brazil"))
    assert lie(replace(ONE, sets=5), "alien", others=others).alternatives == (("brazil",),)
    assert lie(replace(ONE, sets=1), "alien", others=others).alternatives == ()
    assert lie(replace(ONE, sets=5, item_costs={"brazil": 2}), "alien", others=others).alternatives == ()
    assert lie(replace(ONE, sets=5, protected=["brazil"]), "alien", others=others).alternatives == ()
    assert lie(replace(ONE, sets=5), "duel", others=others).alternatives == ()


def test_lcer_names_no_more_items_than_it_may():
    model = random_mult_vae(60, seed=3)
    history = model.catalogue.vocabulary.ids[:26]
    asked = Query(history, recommend(model, history, 3)[0].item, k=8)

    def lcer(**limits):
        return explain_queries(
            model, [replace(asked, **limits)], explainer="lcer", settings={"steps": 20}, progress=False
        )[0]

    size = len(lcer().items)
    assert size > 1
    assert len(lcer(largest=size).items) == size
    less = lcer(largest=size - 1)
    assert (less.status, less.items) == (Status.NOT_FOUND, ())
