"""Worlds of interactions, and what a split of them holds."""

import numpy as np
import pyarrow as pa
from hypothesis import reject
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from topple.data.preparation import Preparation, prepare
from topple.data.reading import from_csr, read_interactions
from topple.errors import DataError


@st.composite
def worlds(draw):
    """Draw the rows (user, item, rating) of 6 to 30 users who met 3 to 12 of 14 items each."""
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    rows = []
    for user in range(draw(st.integers(6, 30))):
        for item in random.choice(14, size=random.integers(3, 13), replace=False):
            rows.append((100 + user, 500 + int(item), float(random.integers(1, 6))))
    return rows


def interactions(rows, text=False, order=None):
    if order is not None:
        rows = [rows[number] for number in order]
    users, items, ratings = zip(*rows, strict=True)
    change = (lambda ids: [f"id-{i}" for i in ids]) if text else list
    return read_interactions(
        pa.table({"user": change(users), "item": change(items), "rating": ratings}), rating="rating"
    )


def options(**changes):
    return Preparation(**{"positive_above": 1.5, "min_items": 3, **changes})


def split_of(rows, **changes):
    try:
        return prepare(interactions(rows), options(**changes))
    except DataError:
        reject()


def pairs(users, matrix, split):
    entries = matrix.tocoo()
    return set(
        zip(
            users.decode(entries.row.astype(int)),
            split.catalogue.vocabulary.decode(entries.col.astype(int)),
            strict=True,
        )
    )


def parts(split):
    return {
        "train": pairs(split.train_users, split.train, split),
        "validation_tr": pairs(split.validation.users, split.validation.fold_in, split),
        "validation_te": pairs(split.validation.users, split.validation.held_out, split),
        "test_tr": pairs(split.test.users, split.test.fold_in, split),
        "test_te": pairs(split.test.users, split.test.held_out, split),
    }


def sixty_users():
    random = np.random.default_rng(0)
    return [
        (user, int(item), float(random.integers(2, 6)))
        for user in range(60)
        for item in random.choice(40, size=random.integers(6, 20), replace=False)
    ]


def timed_table(users=30, items=12):
    """Return a table in which user 1 meets items 4, 3, 2, ... one a day, user 2 the other way round, and so on."""
    rows = [
        (user, item, 1000.0 * user + (item if user % 2 else -item)) for user in range(users) for item in range(items)
    ]
    order = np.random.default_rng(3).permutation(len(rows))
    chosen = [rows[number] for number in order if (rows[number][0] + rows[number][1]) % 3]
    return pa.table(dict(zip(("user", "item", "when"), map(list, zip(*chosen, strict=True)), strict=True)))


def played_split(users=60, items=30, seed=3):
    """Return a split of play counts from 1 to 19."""
    random = np.random.default_rng(seed)
    plays = (random.random((users, items)) < 0.35) * random.integers(1, 20, (users, items))
    return prepare(from_csr(csr_matrix(plays), items=[f"s{item}" for item in range(items)]))
