from dataclasses import replace

import pytest
import torch

import topple
from topple.explainers import lime_rs
from topple.explainers.lime_rs import LimeRs, LimeRsSettings
from topple.scoring.variations import HistoryBatch
from topple.testing import random_additive, random_mult_vae
from topple.testing.worlds import listed_queries


def explained(model, queries, **settings):
    return topple.explain_queries(model, queries, explainer="lime-rs", settings=settings, progress=False)


def test_of_an_additive_model_the_coefficients_are_what_each_item_adds():
    model = random_additive(20)
    queries = listed_queries(model, seed=1, users=8, k=3)
    exact = topple.explain_queries(model, queries, explainer="leave-one-out", progress=False)
    for found, truth in zip(explained(model, queries, neighbours=400, ridge=1e-6), exact, strict=True):
        assert found.attributions == pytest.approx(truth.attributions, abs=1e-5)
        assert max(found.attribution_errors) < 1e-5


def test_the_regression_is_the_weighted_ridge_of_its_definition():
    random = torch.Generator().manual_seed(0)
    kept = (torch.rand(2, 40, 5, generator=random) < 0.5).double()
    weight, scores = torch.rand(2, 40, generator=random).double() + 0.1, torch.randn(2, 40, generator=random).double()
    found, errors = lime_rs._ridge(kept, weight, scores, 2.0)
    for query in range(2):
        ones = torch.cat([kept[query], torch.ones(40, 1).double()], 1)
        penalty = torch.diag(torch.tensor([2.0] * 5 + [0.0]).double())
        scaled = ones * weight[query, :, None]
        expected = torch.linalg.solve(scaled.T @ ones + penalty, scaled.T @ scores[query])
        assert found[query].tolist() == pytest.approx(expected[:5].tolist())
    assert (errors > 0).all()


def test_the_error_falls_with_the_number_of_neighbours():
    model = random_mult_vae(items=30, seed=4)
    queries = listed_queries(model, seed=1, users=8, k=3)
    few, many = (explained(model, queries, neighbours=number) for number in (60, 2000))
    mean = [sum(max(e.attribution_errors) for e in found) / len(found) for found in (few, many)]
    assert mean[1] < 0.5 * mean[0]


def test_neighbours_have_items_of_the_catalogue_that_the_history_has_not(monkeypatch):
    model = random_mult_vae(items=30, seed=4)
    queries, asked = listed_queries(model, seed=1, users=4, k=3), []
    bind = type(model).bind

    def bound(self, histories, candidates=None):
        if histories.added is not None:
            asked.append(histories)
        return bind(self, histories, candidates)

    monkeypatch.setattr(type(model), "bind", bound)
    explained(model, queries, additions=6)
    assert asked
    for histories in asked:
        assert int(histories.added.sum()) > 0
        for row in range(len(histories)):
            there, added = (histories.items[row][mask[row]].tolist() for mask in (histories.present, histories.added))
            assert not {*there} & {*added}
            assert len({*added}) == len(added)


def test_without_additions_the_neighbours_are_parts_of_the_history():
    model = random_additive(20)
    queries = listed_queries(model, seed=1, users=4, k=3)
    assert all(explanation.attributions for explanation in explained(model, queries, additions=0))


def test_the_draws_are_the_querys_own():
    model = random_mult_vae(items=30, seed=4)
    queries = listed_queries(model, seed=1, users=8, k=3)
    together = explained(model, queries)
    for query, expected in zip(queries, together, strict=True):
        (alone,) = explained(model, [query])
        assert alone.attributions == pytest.approx(expected.attributions, rel=1e-6)
    other = explained(model, [replace(query, seed=1) for query in queries])
    assert any(one.attributions != two.attributions for one, two in zip(together, other, strict=True))


def test_settings():
    assert LimeRs(LimeRsSettings(neighbours=10)).settings.neighbours == 10
    assert HistoryBatch.of([[1]]).added is None
