"""Each explainer here breaks one rule; the kit must say which."""

import random

import pytest
import torch

from topple.errors import ContractError
from topple.explainers.base import Explainer, Proposals
from topple.explainers.lcer import Lcer, LcerSettings
from topple.records.answer import Status
from topple.scoring.recommender import Capability
from topple.testing import check_explainer, film_world
from topple.testing.worlds import World

FILMS = World(film_world().recommender, film_world().queries)


class First(Explainer):
    """Removes the first item that may be removed."""

    name = "first"

    def propose(self, recommender, queries, on_progress=None):
        removed = queries.removable & (queries.removable.cumsum(1) == 1)
        return self.claim(queries, removed)

    def claim(self, queries, removed):
        status = tuple(Status.FOUND if some else Status.NOT_FOUND for some in removed.any(1).tolist())
        return Proposals(removed, status, torch.ones(len(queries), dtype=torch.int64))


class TakesProtected(First):
    def propose(self, recommender, queries, on_progress=None):
        return self.claim(queries, queries.histories.present[queries.row])


class TakesPadding(First):
    def propose(self, recommender, queries, on_progress=None):
        return self.claim(queries, ~queries.protected)


class ByPlaceInTheBatch(First):
    def propose(self, recommender, queries, on_progress=None):
        return self.claim(queries, queries.removable & (torch.arange(len(queries)) % 2 == 0)[:, None])


class DrawsFromTheGlobalState(First):
    def propose(self, recommender, queries, on_progress=None):
        random.random()  # noqa: S311 - not for cryptography
        return super().propose(recommender, queries, on_progress)


class TouchesTheRecommender(First):
    def propose(self, recommender, queries, on_progress=None):
        recommender.training["explained"] = recommender.training.get("explained", 0) + 1
        return super().propose(recommender, queries, on_progress)


class FoundNothing(First):
    def claim(self, queries, removed):
        return Proposals(torch.zeros_like(removed), (Status.FOUND,) * len(queries), torch.ones(len(queries)))


class LostSomething(First):
    def claim(self, queries, removed):
        return Proposals(removed, (Status.NOT_FOUND,) * len(queries), torch.ones(len(queries)))


class SaysInvalid(First):
    def claim(self, queries, removed):
        return Proposals(torch.zeros_like(removed), (Status.INVALID,) * len(queries), torch.ones(len(queries)))


class SaysImpossible(First):
    def claim(self, queries, removed):
        return Proposals(torch.zeros_like(removed), (Status.IMPOSSIBLE,) * len(queries), torch.ones(len(queries)))


class CostsNothing(First):
    def claim(self, queries, removed):
        return Proposals(removed, super().claim(queries, removed).status, torch.zeros(len(queries)))


class WrongShape(First):
    def claim(self, queries, removed):
        return super().claim(queries, removed[:, :-1])


class ReportsTwice(First):
    def propose(self, recommender, queries, on_progress=None):
        on_progress(2 * len(queries))
        return super().propose(recommender, queries)


class NeedsAndDoesNotSay(First):
    needs = frozenset({Capability.DIFFERENTIABLE})

    def require(self, recommender):
        pass


class NeedsTraining(First):
    needs = frozenset({Capability.ADDITIVE, Capability.TRAINABLE})


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (TakesProtected, r"removed places \(query, place\): .*Rule: only items of the history that are not protected"),
        (TakesPadding, "removed places .*padding never"),
        (ByPlaceInTheBatch, "query 0 on toy: .*in reverse order.*Rule: the same query gets the same answer"),
        (DrawsFromTheGlobalState, "explaining changes Python's random state"),
        (TouchesTheRecommender, "explaining changes the recommender's record"),
        (FoundNothing, "status: found with no set. Rule: a set goes with `found`"),
        (LostSomething, "status: not_found with a set"),
        (SaysInvalid, "`invalid` is not an explainer's to say"),
        (SaysImpossible, r"impossible for 'evita': \[\['alien'\]\] topples it"),
        (CostsNothing, "cost: .*at least 1"),
        (WrongShape, "removed: .*one row a query"),
        (ReportsTwice, "progress: 8.*Rule: progress adds up to the 4 queries"),
        (NeedsAndDoesNotSay, "a recommender without differentiable: accepted"),
        (NeedsTraining, "needs: additive, trainable. Rule: at least one of the worlds"),
    ],
)
def test_a_broken_explainer_is_told_which_rule_it_breaks(kind, match):
    with pytest.raises(ContractError, match=match):
        check_explainer(kind)


def test_an_explainer_that_keeps_the_contract_passes_as_a_class_and_as_an_instance():
    check_explainer(First)
    check_explainer(Lcer(LcerSettings(steps=10)), among=[FILMS])


def test_impossible_may_be_said_where_it_is_true():
    class Proves(First):
        def propose(self, recommender, queries, on_progress=None):
            none = torch.zeros_like(queries.protected)
            return Proposals(none, (Status.IMPOSSIBLE,) * len(queries), torch.ones(len(queries)))

    world = film_world()
    check_explainer(Proves, among=[World(world.recommender, (world.impossible,))])
