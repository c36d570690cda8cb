import math

import numpy as np
import pytest
import torch

from topple.recommenders.adapters.callable import wrap
from topple.scoring.findings.probe import Measures, Probe, drawn, drawn_histories, measure, training_probe
from topple.testing import tiny_split


def constant(scores):
    """Return a model that gives every history these scores."""
    scores = np.asarray(scores, dtype=float)
    return wrap(lambda rows: np.tile(scores, (rows.shape[0], 1)), range(len(scores)), histories="dense")


def measured(scores, **options):
    model = wrap(lambda rows: scores(rows), range(30), histories="dense", **options)
    return measure(model, drawn(30))


def test_drawn_histories_are_64_of_10_items_or_of_all():
    drawn = drawn_histories(40)
    assert [len(set(history)) for history in drawn] == [10] * 64
    assert len({tuple(history) for history in drawn}) == 64
    assert drawn == drawn_histories(40)
    assert sorted(drawn_histories(4)[0]) == [0, 1, 2, 3]


def test_training_histories_are_those_of_training_users_in_their_order():
    split = tiny_split()
    known = {tuple(split.catalogue.vocabulary.encode(h).tolist()) for h in split.training_histories().values()}
    drawn = training_probe(split, 7)
    assert len(drawn) == 7
    assert {tuple(history) for history in drawn.histories} <= known
    assert len(training_probe(split, 10_000)) == len(split.training_histories())


def test_the_scale_is_the_tenth_best_score():
    assert measure(constant(range(30)), drawn(30)) == Measures(20.0, 1.0)
    assert measure(constant([3.0, -7.0, 1.0]), drawn(3)) == Measures(7.0, 5.0)
    assert measure(constant(np.arange(30) - 100), drawn(30)).scale == 80
    assert measure(constant(np.zeros(30)), drawn(30)) == Measures(0.0, math.inf)


def test_histories_that_score_next_to_nothing_do_not_count():
    few = np.array([sum(history) for history in drawn_histories(30)])
    low = np.sort(few)[40]

    def scores(rows):
        quiet = rows @ np.arange(30) <= low  # more than half of the histories
        return np.where(quiet[:, None], 1e-7, 1.0) * (1 + np.arange(30))

    assert measured(scores).scale == 21


def test_missing_and_infinite_scores_have_no_part_in_the_scale():
    def chosen(rows):
        scores = np.tile(1 + np.arange(30.0), (len(rows), 1))
        scores[:, 3:25] = -np.inf
        return scores

    assert measured(chosen, missing=-1e9) == Measures(1.0, 1.0)  # the last of 30, ..., 26, 3, 2, 1


def test_scores_whose_rounding_hides_their_gaps_are_coarse():
    fine = Measures(1.0, 1e-4)
    assert not fine.coarse(1e-12)
    assert Measures(1e3, 1e-4).coarse(3e-6)
    assert not Measures(0.0, math.inf).coarse(3e-6)


TABLE = np.random.default_rng(0).normal(0.3, 1, (30, 30))
TIES = (np.random.default_rng(1).random((30, 30)) < 0.05).astype(float)


def sigmoid(scores):
    return 1 / (1 + np.exp(-scores))


SATURATED = {
    "all scores 1": lambda rows: sigmoid(rows @ TABLE + 60),
    "the best 20 score 1, lower ones less": lambda rows: sigmoid(40 * (rows @ TABLE)),
    "float32": lambda rows: sigmoid((rows @ TABLE + 40).astype("f4")),
    "ratings up to 5": lambda rows: 5 * sigmoid(40 * (rows @ TABLE)),
    "tanh, all scores -1": lambda rows: np.tanh(rows @ TABLE - 60),
    "most histories, not all": lambda rows: sigmoid(rows @ TABLE + np.where(rows[:, :1] > 0, 0, 60)),
    "items without a score": lambda rows: np.where(np.arange(30) < 25, sigmoid(rows @ TABLE + 60), -np.inf),
    "an offset that leaves no digits": lambda rows: rows @ TABLE + 1e20,
    "labels": lambda rows: (rows @ TABLE > -3).astype(float),
}
FINE = {
    "logits": lambda rows: rows @ TABLE + 60,
    "all scores 0": lambda rows: 0 * rows,
    "neighbours: most scores are exactly 0": lambda rows: rows @ np.where(np.arange(30) < 3, TIES, 0),
    "counts that tie, and more for a few histories": lambda rows: 1 + (rows[:, :1] * rows[:, 1:2] > 0) + 0 * rows,
    "popularity whose best 20 tie": lambda rows: np.tile(np.where(np.arange(30) < 25, 7.0, 3.0), (len(rows), 1)),
    "a few histories saturate": lambda rows: np.where(rows[:, :1] * rows[:, 1:2] > 0, 1.0, sigmoid(rows @ TABLE / 10)),
}


@pytest.mark.parametrize("scores", SATURATED.values(), ids=SATURATED)
def test_a_model_whose_best_items_stand_at_a_ceiling_is_coarse(scores):
    found = measured(scores, missing=-np.inf) if scores is SATURATED["items without a score"] else measured(scores)
    assert found.gap == 0
    assert found.coarse(1e-12)


@pytest.mark.parametrize("scores", FINE.values(), ids=FINE)
def test_equal_scores_that_are_no_ceiling_are_not_coarse(scores):
    found = measured(scores)
    assert found.gap > 0
    assert not found.coarse(3e-6)


def test_histories_that_are_all_of_the_whole_catalogue_tell_of_no_ceiling():
    ring = np.roll(np.eye(8), 1, 0)
    model = wrap(lambda rows: rows @ ring, range(8), histories="dense")
    assert measure(model, drawn(8)) == Measures(1.0, math.inf)


@pytest.mark.parametrize("power", [-20, 7])
def test_a_power_of_two_scales_everything(power):
    table = torch.rand(30, 30, generator=torch.Generator().manual_seed(0)).double().numpy()
    plain, scaled = measured(lambda rows: rows @ table), measured(lambda rows: rows @ table * 2.0**power)
    assert scaled == Measures(plain.scale * 2.0**power, plain.gap * 2.0**power)


def test_a_probe_makes_batches_with_all_that_it_holds():
    probe = Probe([[3], [4, 5]], weights=[[], [2.0, 0.5]], times=[[1.0], [2.0, 3.0]], contexts=["a", {"age": 7}])
    batch = probe.batch([1, 0], torch.device("cpu"))
    assert batch.items.tolist() == [[4, 5], [3, 0]]
    assert batch.weights.tolist() == [[2.0, 0.5], [1.0, 0.0]]
    assert batch.times.tolist() == [[2.0, 3.0], [1.0, 0.0]]
    assert batch.contexts == ({"age": 7}, "a")
    assert probe.other([[], [1]]).batch([0, 1], torch.device("cpu")).contexts == ("a", "a")
    assert drawn(8).other([[]]).batch([0], torch.device("cpu")).contexts == ()
