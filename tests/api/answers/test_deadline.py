"""Deadlines by a clock that only the model moves: nothing here depends on how fast the machine is."""

import time

import numpy as np
import pytest

import topple
from topple import Status
from topple.api.answers.deadline import Deadline
from topple.explainers.base import Explainer
from topple.explainers.greedy import GreedySettings
from topple.records.claims import Claims
from topple.scoring.budget import Budget, Meter

ITEMS = 60
GIVES = np.random.default_rng(0).random((ITEMS, ITEMS)) ** 3


class Slow:
    """Takes so long a history, by a clock that nothing else moves; the sizes of the calls are kept."""

    def __init__(self, monkeypatch, seconds):
        self.now, self.seconds, self.calls = 1000.0, 0.0, []
        self.model = topple.wrap(self, "callable", range(ITEMS), histories="csr")
        topple.explain(self.model, [1, 2, 3], k=2, budget={"scored": 4}, progress=False)  # the probe
        self.seconds = seconds
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def __call__(self, rows):
        self.calls.append(rows.shape[0])
        self.now += self.seconds * rows.shape[0]
        return rows @ GIVES

    def explain(self, *args, **options):
        """Return what explain does, and how long it took."""
        self.calls.clear()
        started = self.now
        found = topple.explain(self.model, *args, progress=False, **options)
        return found, self.now - started


HISTORIES = [
    tuple(np.random.default_rng(seed).choice(ITEMS, 8 + 4 * seed, replace=False).tolist()) for seed in range(8)
]


@pytest.mark.parametrize("explainer", ["auto", "greedy", "exhaustive"])
@pytest.mark.parametrize("seconds", [0.05, 0.2, 1.0])
@pytest.mark.parametrize("each", [0.002, 0.02])
def test_calls_end_by_the_deadline_and_the_time_of_one_history(monkeypatch, explainer, seconds, each):
    slow = Slow(monkeypatch, each)
    for history in HISTORIES:
        target = topple.recommend(slow.model, history, k=5)[2].item
        (found,), took = slow.explain(history, k=5, targets=[target], explainer=explainer, budget={"seconds": seconds})
        assert took <= 1.1 * seconds + each, (took, slow.calls)
        assert slow.calls[0] == 1
        if found.items:
            assert found.valid
        else:
            assert found.status in (Status.BUDGET_SPENT, Status.NOT_FOUND)
            assert found.reason


def test_whole_lists_and_other_goals_keep_to_the_sum_of_their_seconds(monkeypatch):
    slow = Slow(monkeypatch, 0.02)
    for goal in ("necessary", "sufficient", "both"):
        found, took = slow.explain(HISTORIES[3], k=5, goal=goal, budget={"seconds": 0.1})
        assert len(found) == 5
        assert took <= 1.1 * 0.5 + 0.02
        assert all(each.valid for each in found if each.items)


def test_later_calls_hold_as_many_histories_as_the_time_allows(monkeypatch):
    slow = Slow(monkeypatch, 0.0001)
    target = topple.recommend(slow.model, HISTORIES[7], k=5)[2].item
    slow.explain(HISTORIES[7], k=5, targets=[target], budget={"seconds": 1.0})
    assert slow.calls[0] == 1
    assert max(slow.calls) > 20


def test_what_was_found_by_the_deadline_is_verified_and_says_that_a_smaller_set_may_exist(monkeypatch):
    slow = Slow(monkeypatch, 0.02)
    ended = []
    for history in HISTORIES:
        for one in topple.recommend(slow.model, history, k=5):
            (found,), _ = slow.explain(history, k=5, targets=[one.item], budget={"seconds": 0.5})
            ended.append(found)
    valid = [each for each in ended if each.valid]
    assert len(valid) >= 10
    assert any("the budget was spent: a smaller set may exist" in each.reason for each in valid)
    judged = topple.verify(slow.model, [each.query for each in valid], [each.items for each in valid])
    assert all(verdict.necessary for verdict in judged)


def test_a_deadline_below_one_history_says_that_the_budget_was_spent(monkeypatch):
    slow = Slow(monkeypatch, 0.02)
    target = topple.recommend(slow.model, HISTORIES[0], k=5)[2].item
    (found,), took = slow.explain(HISTORIES[0], k=5, targets=[target], budget={"seconds": 0.001})
    assert (found.status, found.rank_before) == (Status.BUDGET_SPENT, 3)
    assert "the budget was spent before a set was found" in found.reason
    assert took == pytest.approx(0.02)


def test_histories_that_the_time_does_not_last_for_are_not_scored(monkeypatch):
    slow = Slow(monkeypatch, 0.02)
    users = {f"u{number}": history for number, history in enumerate(HISTORIES)}
    found, took = slow.explain(users, k=2, budget={"total_seconds": 0.1})
    assert took <= 1.1 * 0.1 + 0.02
    assert [each.query.user for each in found][-1] == "u7"
    last = found[-1]
    assert (last.status, last.query.target) == (Status.BUDGET_SPENT, None)
    assert last.reason.startswith("the budget was spent before the history was scored")
    assert topple.sentence(last, slow.model.catalogue).startswith("Nothing of this list was explained: the budget")
    queries = [topple.Query(history, 59 if 59 not in history else 58, k=2) for history in HISTORIES]
    asked = topple.explain_queries(slow.model, queries, budget={"total_seconds": 0.05}, progress=False)
    assert [each.query for each in asked] == queries


def test_without_seconds_calls_are_as_large_as_ever(monkeypatch):
    slow = Slow(monkeypatch, 0.02)
    slow.explain(HISTORIES[7], k=5, targets=[topple.recommend(slow.model, HISTORIES[7], k=5)[2].item])
    assert slow.calls[1] > 8  # with a deadline it would hold eight times the first at most


class Careless(Explainer):
    """Scores on and on, and keeps no time."""

    name = "careless"
    settings_type = GreedySettings

    def propose(self, recommender, queries, on_progress=None, meter=None):
        for _ in range(1000):
            recommender.score(queries.histories, queries.histories.present[:, None].double())
        return Claims.not_begun(queries.protected & False)


def test_a_method_that_keeps_no_time_is_ended_too(monkeypatch):
    slow = Slow(monkeypatch, 0.02)
    target = topple.recommend(slow.model, HISTORIES[0], k=5)[2].item
    (found,), took = slow.explain(HISTORIES[0], k=5, targets=[target], explainer=Careless(), budget={"seconds": 0.2})
    assert found.status is Status.BUDGET_SPENT
    assert took <= 1.1 * 0.2 + 0.02


def test_verification_is_kept_back_before_the_search_begins(monkeypatch):
    now = [50.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    meter = Meter(Budget(seconds=0.5))
    deadline = Deadline(meter, 2, 50.0)
    assert deadline.histories(128, 2) == 1
    deadline.begin(2)
    now[0] = 50.02
    deadline.listed(1, 0.02, 2)
    assert 50.5 < meter.searches_end <= 51.0 - 2 * 2 * 0.02
    assert not meter.late
    assert deadline.pace().ends == 51.0
    assert deadline.histories(128, 2) == min(128, int(0.25 * 0.98 / 0.02))
    now[0] = meter.searches_end
    assert meter.late
    assert not deadline.over
    now[0] = 51.0
    assert deadline.over
