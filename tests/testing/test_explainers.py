"""Each explainer here breaks one rule; the kit must say which."""

import random
from dataclasses import replace

import pytest
import torch

from topple.errors import ContractError
from topple.explainers.base import Explainer
from topple.explainers.exhaustive import Exhaustive
from topple.explainers.greedy import Greedy
from topple.explainers.lcer import Lcer, LcerSettings
from topple.explainers.lcer_rank import LcerRank, LcerRankSettings
from topple.records.claims import Claims
from topple.records.question import Goal
from topple.scoring.budget import Budget, Meter
from topple.scoring.encoding import draw_key
from topple.scoring.recommender import Capability
from topple.scoring.variations import unchanged
from topple.testing import check_explainer, film_world
from topple.testing.worlds import World

FILMS = World(film_world().recommender, film_world().queries)


class First(Explainer):
    """Removes the first item that may be removed, with the group that it is in."""

    name = "first"
    goals = frozenset(Goal)

    def propose(self, recommender, queries, on_progress=None, meter=None):
        first = queries.removable & (queries.removable.cumsum(1) == 1)
        unit = queries.unit[queries.row]
        named = first.gather(1, unit)
        return self.claim(queries, named & (named.sum(1) <= queries.largest)[:, None])

    def claim(self, queries, removed):
        return Claims.unproven(removed, torch.ones(len(queries), dtype=torch.int64))


def called_minimum(queries, claims, sets):
    """Claims of these sets, each of them called a minimum."""
    return replace(claims, sets=sets, proven_below=queries.cost(sets).double(), others={})


class TakesProtected(First):
    def propose(self, recommender, queries, on_progress=None, meter=None):
        return self.claim(queries, queries.histories.present[queries.row])


class TakesPadding(First):
    def propose(self, recommender, queries, on_progress=None, meter=None):
        return self.claim(queries, ~queries.protected)


class TearsGroups(First):
    def propose(self, recommender, queries, on_progress=None, meter=None):
        return self.claim(queries, queries.removable & (queries.removable.cumsum(1) == 1))


class TakesTooMany(First):
    def propose(self, recommender, queries, on_progress=None, meter=None):
        return self.claim(queries, queries.removable)


class ByPositionInTheBatch(First):
    def propose(self, recommender, queries, on_progress=None, meter=None):
        return self.claim(queries, queries.removable & (torch.arange(len(queries)) % 2 == 0)[:, None])


class DrawsFromTheGlobalState(First):
    def propose(self, recommender, queries, on_progress=None, meter=None):
        random.random()  # noqa: S311 - not for cryptography
        return super().propose(recommender, queries, on_progress)


class TouchesTheRecommender(First):
    def propose(self, recommender, queries, on_progress=None, meter=None):
        recommender.training["explained"] = recommender.training.get("explained", 0) + 1
        return super().propose(recommender, queries, on_progress)


class ProvesOnce(First):
    def claim(self, queries, removed):
        return replace(super().claim(queries, removed), proven_below=torch.zeros(1))


class EndsOnce(First):
    def claim(self, queries, removed):
        return replace(super().claim(queries, removed), ended=torch.zeros(1, dtype=torch.bool))


class NamesTheImpossible(First):
    def claim(self, queries, removed):
        claims = super().claim(queries, removed)
        return replace(claims, proven_below=torch.full_like(claims.proven_below, torch.inf))


class SaysImpossible(First):
    def claim(self, queries, removed):
        claims = super().claim(queries, torch.zeros_like(removed))
        return replace(claims, proven_below=torch.full_like(claims.proven_below, torch.inf))


class SaysNothingIsCheaper(First):
    """The first item is often no answer at all."""

    def claim(self, queries, removed):
        return called_minimum(queries, super().claim(queries, removed), removed)


class CostsLessThanNothing(First):
    def claim(self, queries, removed):
        return replace(super().claim(queries, removed), cost=-torch.ones(len(queries)))


class WrongShape(First):
    def claim(self, queries, removed):
        return super().claim(queries, removed[:, :-1])


class ReportsTwice(First):
    def propose(self, recommender, queries, on_progress=None, meter=None):
        on_progress(2 * len(queries))
        return super().propose(recommender, queries)


class NeedsAndDoesNotSay(First):
    needs = frozenset({Capability.DIFFERENTIABLE})

    def require(self, recommender):
        pass


class NeedsTraining(First):
    needs = frozenset({Capability.ADDITIVE, Capability.TRAINABLE})


class NoGoals(First):
    goals = frozenset()


class NoMeter(First):
    def propose(self, recommender, queries, on_progress=None):
        return super().propose(recommender, queries, on_progress)


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (TakesProtected, r"set for .*: positions .*Rule: only items of the history that are not protected"),
        (TakesPadding, "set for .*: positions .*padding never"),
        (TearsGroups, r"a part of the group \[.*Rule: the items of a group are named together"),
        (TakesTooMany, r"items. Rule: the query allows . at most \(`largest`\)"),
        (ByPositionInTheBatch, "'.*' on toy: .*in reverse order.*Rule: the same query gets the same answer"),
        (DrawsFromTheGlobalState, "explaining changes Python's random state"),
        (TouchesTheRecommender, "explaining changes the recommender's record"),
        (EndsOnce, r"ended: \(1,\). Rule: one a query: \(\d+,\)"),
        (
            NamesTheImpossible,
            r"proven_below: infinity with a set for \d queries. Rule: a set and the proof that there is none",
        ),
        (ProvesOnce, r"proven_below: \(1,\). Rule: one a query: \(\d+,\)"),
        (
            SaysImpossible,
            r"'evita' .*: impossible, and \('alien',\) does it at a cost of 1.0. Rule: `impossible` is said",
        ),
        (SaysNothingIsCheaper, r"minimum is \('alien',\), which does not do it. Rule: a set is called minimum only"),
        (CostsLessThanNothing, "cost: .*0 or more"),
        (WrongShape, "sets: .*one row a query"),
        (ReportsTwice, "progress: 8.*Rule: progress adds up to the 4 queries"),
        (NeedsAndDoesNotSay, "a recommender without differentiable: accepted"),
        (NeedsTraining, "needs: additive, trainable. Rule: at least one of the worlds"),
        (NoGoals, "goals: frozenset.*Rule: goals are a frozenset of Goal, at least one"),
        (NoMeter, "propose: no meter. Rule: propose takes a `meter`"),
    ],
)
def test_a_broken_explainer_is_told_which_rule_it_breaks(kind, match):
    with pytest.raises(ContractError, match=match):
        check_explainer(kind)


class OneItemMore(Greedy):
    """A set and one item more, called a minimum."""

    def propose(self, recommender, queries, on_progress=None, meter=None):
        claims = super().propose(recommender, queries, on_progress, meter)
        return called_minimum(queries, claims, claims.sets | next_item(queries, claims.sets))


class CallsMinimalMinimum(Greedy):
    """A set from which no item can be given back, where another set has fewer items or costs less."""

    def propose(self, recommender, queries, on_progress=None, meter=None):
        claims = super().propose(recommender, queries, on_progress, meter)
        return called_minimum(queries, claims, claims.sets)


class CallsTheUnfoundImpossible(Greedy):
    """What a search does not find may be there all the same."""

    def propose(self, recommender, queries, on_progress=None, meter=None):
        claims = super().propose(recommender, queries, on_progress, meter)
        return replace(claims, proven_below=claims.proven_below.masked_fill(~claims.found, torch.inf))


def once_in_fifty(queries, remainder):
    return torch.tensor([draw_key(query) % 50 == remainder for query in queries.queries])


class BoundTooHighOnceInFifty(Exhaustive):
    """The truth, but for one query in 50, of which one thousandth too much is proven."""

    remainder = 17

    def propose(self, recommender, queries, on_progress=None, meter=None):
        claims = super().propose(recommender, queries, on_progress, meter)
        return replace(claims, proven_below=claims.proven_below + once_in_fifty(queries, self.remainder))


class BoundTooHighForASetThatIsNone(Exhaustive):
    """A bound that is one thousandth too high, with the set of another method that nothing is said of."""

    def propose(self, recommender, queries, on_progress=None, meter=None):
        claims = super().propose(recommender, queries, on_progress, meter)
        sets = queries.removable & claims.found[:, None]
        sets &= (sets.sum(1) <= queries.largest)[:, None]
        return replace(claims, sets=sets, proven_below=claims.proven_below + sets.any(1), others={})


class LargerSetOnceInFifty(Exhaustive):
    """The truth, but for one query in 50, where a larger set is called minimum."""

    remainder = 17

    def propose(self, recommender, queries, on_progress=None, meter=None):
        claims = super().propose(recommender, queries, on_progress, meter)
        sets, below = claims.sets.clone(), claims.proven_below.clone()
        for number in once_in_fifty(queries, self.remainder).nonzero()[:, 0].tolist():
            if claims.found[number]:
                sets[number] |= next_item(queries, sets)[number]
                below[number] = queries.cost(sets)[number]
        return replace(claims, sets=sets, proven_below=below, others={})


class IgnoresCosts(Exhaustive):
    """The fewest items, whatever they cost."""

    def propose(self, recommender, queries, on_progress=None, meter=None):
        level = replace(queries, item_cost=torch.ones_like(queries.item_cost))
        claims = super().propose(recommender, level, on_progress, meter)
        return called_minimum(queries, claims, claims.sets)


class IgnoresTheGoal(Exhaustive):
    """Always the set without which the target leaves."""

    def propose(self, recommender, queries, on_progress=None, meter=None):
        asked = tuple(replace(query, goal=Goal.NECESSARY) for query in queries.queries)
        return super().propose(recommender, replace(queries, queries=asked), on_progress, meter)


def next_item(queries, removed):
    """The first unit of each history that may be named still and is not, where the query allows so many items."""
    unit = queries.unit[queries.row]
    first = queries.removable & ~removed & ((queries.removable & ~removed).cumsum(1) == 1)
    more = first.gather(1, unit) & removed.any(1, keepdim=True)
    return more & ((removed | more).sum(1) <= queries.largest)[:, None]


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (
            OneItemMore,
            r"minimum is .* at a cost of 2.0, and .* does it at a cost of 1.0. Rule: a set is called minimum",
        ),
        (CallsMinimalMinimum, r"minimum is .*, and .* does it at a cost of"),
        (CallsTheUnfoundImpossible, r"impossible, and \(.*\) does it at a cost of"),
        (BoundTooHighOnceInFifty, r"minimum is .* at a cost of .*, and .* does it at a cost of"),
        (
            BoundTooHighForASetThatIsNone,
            r"no set costs less than \d.001, and .* does it at a cost of .*costs less and does",
        ),
        (LargerSetOnceInFifty, r"minimum is .* at a cost of .*, and .* does it at a cost of"),
        (IgnoresCosts, r"minimum is .* at a cost of .*, and .* does it at a cost of"),
        (IgnoresTheGoal, r"goal sufficient, .*: minimum is .*, and .* does it at a cost of"),
    ],
)
def test_a_claim_that_is_not_true_is_refused(kind, match):
    with pytest.raises(ContractError, match=match):
        check_explainer(kind)


class NoOthers(Greedy):
    """Answers with the sets of greedy; the classes below change the others."""

    def propose(self, recommender, queries, on_progress=None, meter=None):
        claims = super().propose(recommender, queries, on_progress, meter)
        found = claims.sets.any(1).nonzero()[:, 0].tolist()
        others = {number: self.others(queries, claims, number) for number in found}
        return replace(claims, others={number: sets for number, sets in others.items() if sets is not None})

    def others(self, queries, claims, number):
        return None


class OthersAreTheSame(NoOthers):
    def others(self, queries, claims, number):
        return claims.sets[number][None] if queries.queries[number].sets > 1 else None


class OthersAreTooMany(NoOthers):
    def others(self, queries, claims, number):
        more = next_item(queries, claims.sets)[number]
        return (claims.sets[number] | more)[None] if more.any() else None


class OthersCostMore(OthersAreTooMany):
    def others(self, queries, claims, number):
        return super().others(queries, claims, number) if queries.queries[number].sets > 1 else None


class OthersAreNotTrue(NoOthers):
    """Another item of the same cost, true or not."""

    def others(self, queries, claims, number):
        query, removed = queries.queries[number], claims.sets[number]
        if query.sets < 2 or query.item_costs or query.groups or removed.sum() > 1:
            return None
        another = queries.removable[number] & ~removed
        return (another & (another.cumsum(0) == 1))[None] if another.any() else None


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (OthersAreTheSame, r"other sets: .*different from the set and from each other"),
        (OthersAreTooMany, r"other sets: .*Rule: the query asks for 1 sets"),
        (OthersCostMore, r"for the set. Rule: another set costs what the set does"),
        (OthersAreNotTrue, r"other sets: .* does not. Rule: another set does what the goal asks"),
    ],
)
def test_other_sets_that_are_none_are_refused(kind, match):
    with pytest.raises(ContractError, match=match):
        check_explainer(kind)


class ScoresAside(First):
    """Asks the recommender about every item, and counts nothing."""

    def propose(self, recommender, queries, on_progress=None, meter=None):
        histories = queries.histories
        keep = unchanged(histories) * (1 - torch.eye(histories.items.shape[1], dtype=histories.weights.dtype))
        with torch.no_grad():
            recommender.score(histories, keep)
        return super().propose(recommender, queries, on_progress)


class CountsForNobody(Greedy):
    """The run's meter is right; each query is charged 1."""

    def propose(self, recommender, queries, on_progress=None, meter=None):
        claims = super().propose(recommender, queries, on_progress, meter)
        return replace(claims, cost=torch.ones_like(claims.cost))


class ChargesTooMuch(Greedy):
    def propose(self, recommender, queries, on_progress=None, meter=None):
        claims = super().propose(recommender, queries, on_progress, meter)
        return replace(claims, cost=10 * claims.cost)


class MetersTooMuch(Greedy):
    def propose(self, recommender, queries, on_progress=None, meter=None):
        meter.scored += 10_000
        return super().propose(recommender, queries, on_progress, meter)


class DropsTheMeter(Greedy):
    def propose(self, recommender, queries, on_progress=None, meter=None):
        return super().propose(recommender, queries, on_progress)


class IgnoresScoredBudgets(Greedy):
    """Counts, and goes on."""

    def propose(self, recommender, queries, on_progress=None, meter=None):
        free = Meter(Budget(total_seconds=meter.budget.total_seconds))
        claims = super().propose(recommender, queries, on_progress, free)
        meter.scored += free.scored
        return claims


class IgnoresTime(Greedy):
    def propose(self, recommender, queries, on_progress=None, meter=None):
        free = Meter(Budget(scored=meter.budget.scored))
        claims = super().propose(recommender, queries, on_progress, free)
        meter.scored += free.scored
        return claims


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (
            ScoresAside,
            r"scored histories of the run: 0 on the meter, \d+ changed histories asked. Rule: the meter counts",
        ),
        (CountsForNobody, r"cost of .* alone: 1 charged, \d+ changed histories asked. Rule: a query is charged"),
        (ChargesTooMuch, r"cost of .* alone: \d+ charged, \d+ asked"),
        (MetersTooMuch, r"scored histories of the run: 1\d\d\d\d on the meter"),
        (DropsTheMeter, r"scored histories of the run: 0 on the meter"),
        (
            IgnoresScoredBudgets,
            r"with a budget of 1 scored histories: \d+ charged. Rule: a budget may be passed by one step",
        ),
        (IgnoresTime, r"a budget of no time: \d+ changed histories asked. Rule: when the time in all has passed"),
    ],
)
def test_scoring_that_is_not_counted_and_budgets_that_are_not_kept_are_refused(kind, match):
    with pytest.raises(ContractError, match=match):
        check_explainer(kind)


def test_an_explainer_that_keeps_the_contract_passes_as_a_class_and_as_an_instance():
    check_explainer(First)
    check_explainer(NoOthers)
    check_explainer(Lcer(LcerSettings(steps=10)), among=[FILMS])


def test_impossible_may_be_said_where_it_is_true():
    class Proves(First):
        goals = frozenset({Goal.NECESSARY})

        def claim(self, queries, removed):
            never = torch.tensor(["brazil" in query.protected for query in queries.queries])
            claims = super().claim(queries, removed & ~never[:, None])
            return replace(claims, proven_below=claims.proven_below.masked_fill(never, torch.inf))

    world = film_world()
    queries = (world.impossible, replace(world.impossible, target="evita", k=1, protected=frozenset()))
    check_explainer(Proves, among=[World(world.recommender, queries)])


def test_a_method_for_one_goal_is_asked_for_that_goal_alone():
    asked = set()

    class Alone(First):
        goals = frozenset({Goal.SUFFICIENT})

        def propose(self, recommender, queries, on_progress=None, meter=None):
            asked.update(query.goal for query in queries.queries)
            return super().propose(recommender, queries, on_progress, meter)

    check_explainer(Alone, among=[FILMS])
    assert asked == {Goal.SUFFICIENT}


def test_learned_sets_are_held_against_the_truth_too():
    check_explainer(LcerRank(LcerRankSettings(steps=5)), among=[FILMS])
