"""What is scored on the way of a question: rows over the whole catalogue, counted, and histories that are checked."""

import time
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch

from tests.golden.world import network, split
from topple.api import answering
from topple.api.explaining import explain, explain_each, explain_queries
from topple.explainers.base import Explainer
from topple.explainers.search.shortlist import SHORTLIST
from topple.recommenders.models.mult_dae import MultDAE
from topple.records.answer import Proof, Status
from topple.records.claims import Claims
from topple.records.question import Query
from topple.reports.sentences import sentence
from topple.scoring.unchanged import UnchangedScores
from topple.testing import ToyRecommender, film_recommender, film_world
from topple.testing.toy import ANA, BO

FILMS = film_world()


class Counting(ToyRecommender):
    """Counts the rows that are scored over the whole catalogue, by the items kept."""

    scored: Counter

    def score(self, histories, keep, candidates=None):
        if candidates is None or candidates.shape[-1] * 2 >= len(self.catalogue):
            ids = self.catalogue.vocabulary.ids
            for items, filled, variations in zip(histories.items, histories.filled, keep > 0, strict=True):
                for kept in variations:
                    self.scored[tuple(sorted(ids[item] for item in items[filled & kept].tolist()))] += 1
        return super().score(histories, keep, candidates)


def counting():
    """A model whose probe and empty history are scored already, with nothing counted."""
    model = film_recommender(Counting)
    model.scored = Counter()
    assert model.scale > 0
    assert model.empty_scores() is not None
    model.scored.clear()
    return model


class Says(Explainer):
    """Names what it was told to name, scores nothing, and calls it a minimum where it was told to."""

    name = "says"

    def __init__(self, named, minimum):
        super().__init__()
        self.named, self.minimum = named, minimum

    def propose(self, recommender, queries, on_progress=None, meter=None):
        sets = torch.tensor([[item in self.named for item in query.history] for query in queries.queries])
        cost = queries.cost(sets).double()
        unproven = Claims.unproven(sets, queries.k * 0)
        return Claims(sets, cost if self.minimum else cost * 0, unproven.ended, unproven.cost)


def without(*items):
    return tuple(sorted(set(ANA) - set(items)))


def test_the_unchanged_history_is_checked_once_and_scored_once_for_the_whole_list(monkeypatch):
    model, checked = counting(), []
    check = answering.check_request
    monkeypatch.setattr(
        answering, "check_request", lambda request, catalogue: checked.append(request) or check(request, catalogue)
    )
    for method in ("greedy", "auto", "exact", "exhaustive"):
        model.scored.clear()
        checked.clear()
        found = explain(model, ANA, k=2, explainer=method, progress=False)
        assert len(found) == 2
        assert len(checked) == 1
        assert model.scored[tuple(sorted(ANA))] == 1


def test_the_judge_scores_each_set_without_it_and_once_for_each_item_given_back():
    model = counting()
    (found,) = explain_queries(model, [FILMS.two], explainer=Says({"brazil", "casablanca"}, False), progress=False)
    assert (found.proof, found.rank_alone) == (Proof.MINIMAL, None)
    expected = {tuple(sorted(ANA)), without("brazil", "casablanca"), without("brazil"), without("casablanca")}
    assert model.scored == dict.fromkeys(expected, 1)


def test_where_a_minimum_is_claimed_single_items_are_tried_once_for_all_targets_of_a_history():
    model = counting()
    queries = [FILMS.two, Query(ANA, "evita", k=2)]
    explain_queries(model, queries, explainer=Says({"brazil", "casablanca"}, True), progress=False)
    singles = {without(item): model.scored[without(item)] for item in ANA}
    assert singles[without("alien")] == singles[without("duel")] == 1
    assert set(singles.values()) <= {1, 2, 3}, "those of the set were given back too, once a target"


class Plants(Says):
    """Puts a row for the history without the set, in which the target is last, where the judge looks rows up."""

    def propose(self, recommender, queries, on_progress=None, meter=None):
        claims = super().propose(recommender, queries)
        scores = torch.arange(7.0, dtype=torch.float64)[None].masked_fill(torch.arange(7) < 4, -torch.inf)
        scores[0, recommender.catalogue.vocabulary.encode([queries.queries[0].target])[0]] = -1e9
        queries.unchanged.changed.hold(queries.row, (~claims.sets).double(), scores)
        return claims


def test_rows_that_a_method_of_another_package_has_planted_are_not_believed():
    (found,) = explain_queries(FILMS.recommender, [FILMS.two], explainer=Plants({"casablanca"}, False), progress=False)
    assert not found.valid
    assert "refuted by re-ranking" in found.reason


@pytest.mark.parametrize("named", [{"alien", "duel"}, {"casablanca"}])
def test_a_method_whose_set_was_refuted_is_not_quoted(named):
    (found,) = explain_queries(FILMS.recommender, [FILMS.two], explainer=Says(named, True), progress=False)
    assert (found.status, found.proof, found.at_least, found.proof_by) == (Status.FOUND, None, None, "")
    assert (found.verdict.at_least, found.verdict.proof_by) == (None, "")
    assert "needed" not in sentence(found, FILMS.recommender.catalogue)


def test_a_set_is_scored_alone_only_where_the_goal_asks_for_it():
    model = counting()
    both = Query(ANA, "evita", k=1, goal="both")
    (found,) = explain_queries(model, [both], explainer=SaysBoth({"alien"}, False), progress=False)
    assert (found.rank_alone, model.scored[("alien",)]) == (1, 1)


class SaysBoth(Says):
    """The same for every goal."""

    goals = frozenset({"necessary", "sufficient", "both"})


def test_the_unchanged_scores_are_read_by_four_questions_alone(monkeypatch):
    """Whole rows are not to be had: nothing outside reads them."""

    class Guarded(UnchangedScores):
        def __getattribute__(self, name):
            if name == "_scores":
                import sys

                assert sys._getframe(1).f_globals["__name__"] == "topple.scoring.unchanged"
            return super().__getattribute__(name)

    monkeypatch.setattr(answering, "UnchangedScores", Guarded)
    for method in ("greedy", "auto", "exact", "exhaustive", "lcer-rank"):
        assert explain(FILMS.recommender, {"ana": ANA, "bo": BO}, k=2, explainer=method, progress=False)


def test_answers_come_one_by_one_and_closing_stops_the_work():
    model = counting()
    answers = explain_each(model, iter([FILMS.two, FILMS.one, FILMS.bo]), explainer="greedy")
    first = next(answers)
    assert (first.query, first.status) == (FILMS.two, Status.FOUND)
    answers.close()
    assert tuple(sorted(BO)) not in model.scored
    together = list(explain_each(model, [FILMS.two, FILMS.one, FILMS.bo], explainer="greedy"))
    assert [e.items for e in together] == [
        e.items for e in explain_queries(model, [FILMS.two, FILMS.one, FILMS.bo], explainer="greedy", progress=False)
    ]


class CountsBound(MultDAE):
    """Counts the rows over the whole catalogue, by the history and the items kept, whether they are bound before or not."""

    def bind(self, histories, candidates=None):
        scorer, whole = super().bind(histories, candidates), candidates is None

        def counting(keep, rows=None):
            chosen = torch.arange(len(histories)) if rows is None else rows
            for row, variations in zip(chosen.tolist(), keep > 0, strict=True):
                items, filled = (each[row, : keep.shape[-1]] for each in (histories.items, histories.filled))
                for kept in variations if whole else ():
                    self.scored[tuple(items[filled].tolist()), tuple(items[filled & kept].tolist())] += 1
            return scorer(keep, rows)

        return counting


@pytest.mark.parametrize("goal", ["necessary", "sufficient", "both"])
@pytest.mark.parametrize("rule", ["unseen_before", "unseen_after", "all"])
@pytest.mark.parametrize("method", [("greedy", {}), ("auto", {"budget": 0})])
def test_nothing_is_scored_twice_over_the_whole_catalogue_by_the_search_and_the_judge(method, rule, goal):
    whole = network()
    model = CountsBound.from_arrays(whole.arrays(), whole.catalogue, whole.settings)
    model.scored = Counter()
    histories = split().histories(limit=4)
    assert model.scale > 0
    assert model.empty_scores() is not None
    assert len(model.catalogue) > 2 * (SHORTLIST + 10)
    model.scored.clear()
    name, settings = method
    found = explain(model, histories, k=5, explainer=name, settings=settings, rule=rule, goal=goal, progress=False)
    assert any(each.valid for each in found)
    assert {kept: number for kept, number in model.scored.items() if number > 1} == {}


def test_the_answers_of_a_call_share_the_time_equally_those_that_could_not_be_asked_too():
    queries = [Query(ANA, target, k=2) for target in ("evita", "alien", "gattaca")]
    began = time.perf_counter()
    answers = explain_queries(FILMS.recommender, queries, progress=False)
    took = time.perf_counter() - began
    assert [each.status for each in answers] == [Status.FOUND, Status.INVALID, Status.INVALID]
    assert answers[0].seconds == answers[1].seconds == answers[2].seconds
    assert 0 < sum(each.seconds for each in answers) < took


@pytest.mark.parametrize("k", [np.array([1, 2]), pd.Series(["evita", "alien"]), torch.ones(2, 2), [2], "2"])
def test_a_length_that_is_no_number_is_told_as_such(k):
    (answer,) = explain(FILMS.recommender, {"ana": ANA}, k=k, progress=False)
    assert answer.status is Status.INVALID
    assert "is not a whole number" in answer.reason
