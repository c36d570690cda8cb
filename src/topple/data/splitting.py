"""Splitting by users: a number of users are held out whole, and part of each held-out history is what must be predicted."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field
from scipy import sparse

from topple.data.filtering import enough_items, positive
from topple.data.interactions import Interactions, to_matrix
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import DataError, UnknownIdError
from topple.randomness import generator
from topple.settings import Settings
from topple.types import CsrMatrix, FloatArray, IntArray, ItemId, JsonObject, UserId

logger = logging.getLogger(__name__)


class Preparation(Settings):
    """How ratings become a split; the defaults are those of Liang et al. (WWW 2018) and LCER."""

    positive_above: float | None = 3.5
    """Ratings above this are positive; None takes every interaction. Without ratings it changes nothing."""
    min_items: int = Field(default=5, ge=1)
    """Users with fewer positive interactions are left out."""
    held_out_users: int | None = Field(default=None, ge=1)
    """Users held out for validation, and as many for test; None: a tenth of the users, at least one."""
    held_out_share: float = Field(default=0.2, gt=0, lt=1)
    """Share of a held-out user's items that must be predicted, rounded down, at least one; the rest is the fold-in."""
    seed: int = 1
    """Which users are held out. On ML-100K a hundred test users move NDCG@100 by 0.02 from seed to seed (README)."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Held-out users: `fold_in` [U, I] is the history a recommender is given, `held_out` [U, I] what it should rank high.

    `times` tells when each stored entry of `fold_in` happened [entries], where that is known.
    """

    users: Vocabulary
    fold_in: CsrMatrix
    held_out: CsrMatrix
    times: FloatArray | None = None

    def with_history(self) -> IntArray:
        """Return the rows of the users who have at least one fold-in item."""
        return np.flatnonzero(np.diff(self.fold_in.indptr)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Split:
    """A prepared data set: the catalogue is that of the training users.

    Args:
        catalogue: items seen in training.
        train_users: the training users.
        train: their interactions, binary [U, I].
        validation: held-out users to choose the best state by.
        test: held-out users to report on and to explain.
        name: the data set's name.
        times: when each stored entry of `train` happened [entries]; None where that is not known.
    """

    catalogue: Catalogue
    train_users: Vocabulary
    train: CsrMatrix
    validation: HeldOut
    test: HeldOut
    name: str = "split"
    times: FloatArray | None = None

    def history(self, user: UserId) -> tuple[ItemId, ...]:
        """Return the history of any user of the data: the fold-in of a held-out user, all of a training user.

        It is in time order, oldest first, where times are known, else in the order of the catalogue, as equal times are.

        Raises:
            UnknownIdError: no such user.
        """
        for users, matrix, times in (
            (self.test.users, self.test.fold_in, self.test.times),
            (self.validation.users, self.validation.fold_in, self.validation.times),
            (self.train_users, self.train, self.times),
        ):
            if user in users:
                return self.catalogue.vocabulary.decode(sequence(matrix, times, int(users.encode([user])[0])))
        counts = f"{len(self.train_users):,} training, {len(self.validation.users):,} validation, {len(self.test.users):,} test"
        example = next(users.decode([0])[0] for users in (self.test.users, self.train_users) if len(users))
        raise UnknownIdError(
            f"unknown user id {user!r}: not among the {counts} users. Choose one, such as {example!r}."
        )

    def histories(
        self, users: Iterable[UserId] | None = None, limit: int | None = None
    ) -> dict[UserId, tuple[ItemId, ...]]:
        """Return the histories of the given users; by default of the test users who have one, the first `limit` of them."""
        if users is None:
            rows = self.test.with_history()[:limit]
            users = self.test.users.decode(rows)
        return {user: self.history(user) for user in users}

    def training_histories(
        self, users: Iterable[UserId] | None = None, limit: int | None = None
    ) -> dict[UserId, tuple[ItemId, ...]]:
        """Return what was trained on of the given training users; by default of all who have a history, the first `limit`.

        Raises:
            UnknownIdError: not a training user.
        """
        if users is None:
            users = self.train_users.decode(np.flatnonzero(np.diff(self.train.indptr))[:limit])
        chosen = tuple(users)
        self.train_users.encode(chosen)
        return {user: self.history(user) for user in chosen}

    def without(self, user: UserId, items: Iterable[ItemId]) -> "Split":
        """Return the split without the named interactions of a training user; users, catalogue and held-out users stay.

        Raises:
            UnknownIdError: not a training user, or an item outside the catalogue.
            DataError: an interaction that is not there.
        """
        row = int(self.train_users.encode([user])[0])
        gone = np.unique(self.catalogue.vocabulary.encode(items))
        first, last = int(self.train.indptr[row]), int(self.train.indptr[row + 1])
        stray = np.setdiff1d(gone, self.train.indices[first:last])
        if len(stray):
            raise DataError(
                f"user {user!r} has no training interaction with item {self.catalogue.vocabulary.decode(stray[:1])[0]!r}. "
                "Name items of training_histories([user])."
            )
        stays = np.ones(self.train.nnz, dtype=np.bool_)
        stays[first:last] = ~np.isin(self.train.indices[first:last], gone)
        ends = self.train.indptr.copy()
        ends[row + 1 :] -= len(gone)
        train = sparse.csr_matrix((self.train.data[stays], self.train.indices[stays], ends), shape=self.train.shape)
        return replace(self, train=train, times=None if self.times is None else self.times[stays])

    def describe(self) -> JsonObject:
        """Return counts of users, items and interactions in each part."""
        return {
            "name": self.name,
            "items": len(self.catalogue),
            "train": {"users": len(self.train_users), "interactions": int(self.train.nnz)},
            **{
                part: {
                    "users": len(held.users),
                    "with_history": len(held.with_history()),
                    "fold_in": int(held.fold_in.nnz),
                    "held_out": int(held.held_out.nnz),
                }
                for part, held in (("validation", self.validation), ("test", self.test))
            },
        }


def prepare(interactions: Interactions, preparation: Preparation | None = None) -> Split:
    """Filter, hold users out, and split their histories.

    Items that no training user met leave the catalogue and the held-out histories. A held-out user with fewer than
    `min_items` items left keeps them all as fold-in; one with none left leaves too. The order of the rows does not matter.
    Timestamps order histories and change nothing else: what is held out is drawn at random, so a fold-in in time order has
    gaps, and what must be predicted is not only what came last.
    Source: Liang et al., WWW 2018, section 4.1. Differs from the authors' code in: held-out users are drawn from the users
    that are left after filtering, never from row numbers.
    Random: seed.

    Raises:
        DataError: nothing is left, or too few users to hold any out.
    """
    settings = preparation or Preparation()
    kept = _enough(interactions, settings)
    count = _held_out_users(len(kept.users), settings)
    random = generator(settings.seed, "split")
    order = random.permutation(len(kept.users))
    validation, test, train = (
        np.sort(order[:count]),
        np.sort(order[count : 2 * count]),
        np.sort(order[2 * count :]),
    )
    matrix = kept.matrix()  # [U, I] of all users and items
    items = np.flatnonzero(np.bincount(matrix[train].indices, minlength=len(kept.catalogue))).astype(np.int64)

    def users(rows: IntArray) -> Vocabulary:
        return Vocabulary(kept.users.column.take(rows), "user")

    def held_out(rows: IntArray) -> HeldOut:
        rows = rows[np.diff(matrix[rows][:, items].indptr) > 0]
        fold_in, out = _fold(matrix[rows][:, items], settings, random)
        return HeldOut(users(rows), fold_in, out, times(rows, fold_in))

    def times(rows: IntArray, part: CsrMatrix) -> FloatArray | None:
        entries = part.tocoo()
        return kept.when(rows[entries.row], items[entries.col])

    trained = matrix[train][:, items].tocsr()  # [U, I] of training users and the items they met
    logger.info(
        "prepared %s: %d of %d interactions to train on, %d items, %d users to train on, %d to validate, %d to test",
        *(interactions.name, trained.nnz, len(interactions), len(items), len(train), count, count),
    )
    return Split(
        catalogue=kept.catalogue.subset(items),
        train_users=users(train),
        train=trained,
        validation=held_out(validation),
        test=held_out(test),
        name=interactions.name,
        times=times(train, trained),
    )


def _enough(interactions: Interactions, settings: Preparation) -> Interactions:
    """Keep the positive interactions of users who have enough of them."""
    if settings.min_items < 2:
        raise DataError(
            f"min_items={settings.min_items}: a user with one item cannot be split into fold-in and held-out items. "
            "Use 2 or more."
        )
    return enough_items(positive(interactions, settings.positive_above), settings.min_items)


def _held_out_users(users: int, settings: Preparation) -> int:
    """Return how many of the users are held out for validation, and as many for test."""
    count = settings.held_out_users or max(1, users // 10)
    if 2 * count >= users:
        raise DataError(
            f"held_out_users={count}: validation and test would take {2 * count:,} of {users:,} users and leave "
            "none to train on. Hold out fewer."
        )
    return count


def sequence(matrix: CsrMatrix, times: FloatArray | None, row: int) -> IntArray:
    """Return the items of a row, oldest first where `times` [entries] are given, else in the order of the catalogue."""
    entries = slice(int(matrix.indptr[row]), int(matrix.indptr[row + 1]))
    items = matrix.indices[entries].astype(np.int64)
    return items if times is None else items[np.argsort(times[entries], kind="stable")]


def _fold(matrix: CsrMatrix, settings: Preparation, random: np.random.Generator) -> tuple[CsrMatrix, CsrMatrix]:
    """Draw the held-out share of each row, and return fold-in and held-out part [U, I]."""
    entries = matrix.tocsr()
    lengths = np.diff(entries.indptr)  # [U]
    rows = np.repeat(np.arange(entries.shape[0]), lengths)
    order = np.lexsort((random.random(entries.nnz), rows))
    drawn = np.empty(entries.nnz, dtype=np.int64)  # 0, 1, ... in the shuffled order of each user's entries
    drawn[order] = np.arange(entries.nnz) - np.repeat(entries.indptr[:-1], lengths)
    share = np.clip((settings.held_out_share * lengths).astype(np.int64), 1, lengths - 1)
    wanted = np.where(lengths >= settings.min_items, share, 0)
    out = drawn < wanted[rows]
    columns = entries.indices.astype(np.int64)
    shape = (int(entries.shape[0]), int(entries.shape[1]))
    return to_matrix(rows[~out], columns[~out], shape), to_matrix(rows[out], columns[out], shape)
