import pytest
import torch

import topple
from topple.scoring.recommender import Capability, Recommender
from topple.testing import random_additive, random_mult_vae
from topple.testing.worlds import catalogue_of, listed_queries


class Curved(Recommender):
    """Scores that bend: the tanh of sums, not divided by any norm."""

    name = "curved"
    capabilities = frozenset({Capability.DIFFERENTIABLE})

    def __init__(self, items=24):
        super().__init__(catalogue_of(items))
        self.table = 0.3 * torch.randn(items, items, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def score(self, histories, keep, candidates=None):
        columns = (
            self.table
            if candidates is None
            else self.table[:, candidates.flatten()].reshape(len(self.table), *candidates.shape)
        )
        kept = keep * histories.weights[:, None]
        rows = (
            columns[histories.items]
            if candidates is None
            else columns.permute(1, 0, 2)[torch.arange(len(keep))[:, None], histories.items]
        )
        return torch.tanh(kept @ rows)


def asked(model, steps=16):
    queries = listed_queries(model, seed=1, users=8, k=3)
    return topple.explain_queries(
        model, queries, explainer="integrated-gradients", settings={"steps": steps}, progress=False
    )


def test_the_numbers_add_up_to_the_score_less_that_of_the_empty_history():
    model = Curved()
    for explanation in asked(model, steps=400):
        of_target = {rank.item: rank.score for rank in topple.recommend(model, list(explanation.query.history), k=3)}
        assert sum(explanation.attributions) == pytest.approx(of_target[explanation.query.target], abs=1e-3)


def test_the_errors_cover_what_more_steps_change():
    coarse, fine = asked(Curved(), steps=8), asked(Curved(), steps=512)
    for few, many in zip(coarse, fine, strict=True):
        for value, error, truth in zip(few.attributions, few.attribution_errors, many.attributions, strict=True):
            assert abs(value - truth) <= error + 1e-9


def test_of_an_additive_model_the_numbers_are_what_each_item_adds():
    model = random_additive(20)
    queries = listed_queries(model, seed=1, users=8, k=3)
    path, alone = (
        topple.explain_queries(model, queries, explainer=name, progress=False)
        for name in ("integrated-gradients", "leave-one-out")
    )
    for one, other in zip(path, alone, strict=True):
        assert one.attributions == pytest.approx(other.attributions, abs=1e-9)
        assert max(one.attribution_errors) < 1e-9


def test_a_network_that_divides_by_the_norm_orders_as_the_slope_does():
    model = random_mult_vae(items=30, seed=4)
    queries = listed_queries(model, seed=1, users=8, k=3)
    path, slope = (
        topple.explain_queries(model, queries, explainer=name, progress=False)
        for name in ("integrated-gradients", "gradient-x-input")
    )
    assert [e.items for e in path] == [e.items for e in slope]
