import torch

from topple.recommenders.models.popularity import Popularity
from topple.scoring.findings import listing
from topple.scoring.findings.listing import MOST_SCORES, USERS, listed_counts, users_counted
from topple.scoring.findings.probe import Probe
from topple.testing import random_mult_vae, tiny_split


def test_the_counts_are_of_lists_without_the_items_of_the_history():
    model = random_mult_vae()
    model = Popularity(model.catalogue, torch.arange(24.0))
    counts = listed_counts(model, Probe([[23], [0, 1], [22, 23]]))
    assert counts[:, 0].tolist() == [0] * 17 + [1, 2, 3, 3, 3, 2, 1]
    assert counts[:, 4].tolist() == [2, 2] + [3] * 20 + [
        2,
        1,
    ]  # a list longer than the catalogue holds all that is unseen


def test_few_long_histories_are_counted_at_a_time(monkeypatch):
    model, asked = random_mult_vae(), []
    users = Probe([[1, 2], list(range(12)), [5], [3, 4, 5], [7]])
    expected = listed_counts(model, users)
    known = model.known_scores
    monkeypatch.setattr(
        model, "known_scores", lambda histories: asked.append(histories.items.numel()) or known(histories)
    )
    monkeypatch.setattr(listing, "positions_at_once", lambda: 24)
    assert listed_counts(model, users).equal(expected)
    assert len(asked) == 3
    assert max(asked) <= 24


def test_fewer_users_are_counted_with_a_large_catalogue():
    assert users_counted(100) == USERS
    assert users_counted(40_000) == 1_000
    assert users_counted(2 * MOST_SCORES) == 1


def test_a_fitted_model_tells_who_is_listed_for_whom():
    split = tiny_split()
    model = Popularity.fit(split)
    best = int(model.arrays()["counts"].argmax())
    lists = [set(h) for h in split.training_histories().values()]
    unmet = sum(split.catalogue.vocabulary.ids[best] not in history for history in lists) / len(lists)
    assert model.listed_share(best, 5) == model.listed_share(best, 3) == unmet
    assert model.listed_share(best, 101) is None
    assert Popularity(split.catalogue, model.arrays()["counts"]).listed_share(best, 5) is None
