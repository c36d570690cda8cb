"""Interactions that the tests of the adapters train on: tastes for one half of the items, and one popular item."""

import numpy as np
from scipy.sparse import csr_matrix

ITEMS = [f"i{number:03d}" for number in range(30)]
USERS = [f"u{number:03d}" for number in range(90)]


def interactions():
    """Return who saw what [90, 30], ones; every user saw 6 to 11 items, every item was seen."""
    random = np.random.default_rng(5)
    seen = np.zeros((len(USERS), len(ITEMS)), dtype=np.float32)
    for user in range(len(USERS)):
        chance = np.where((np.arange(30) < 15) == bool(user % 2), 4.0, 1.0) / (1 + np.arange(30) % 5)
        seen[user, random.choice(30, size=random.integers(6, 12), replace=False, p=chance / chance.sum())] = 1
    assert seen.any(0).all()
    return csr_matrix(seen)


def history(user):
    """Return what a user saw, as ids."""
    return [ITEMS[item] for item in interactions()[user].indices]


def listed(recommender, user, k=10):
    """Return the ids and scores of a user's list by topple."""
    import topple

    entries = topple.recommend(recommender, history(user), k=k)
    return [entry.item for entry in entries], [entry.score for entry in entries]
