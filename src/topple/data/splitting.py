"""A prepared data set: training users, and held-out users whose history is split in two."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from topple.data.rows.account import Account
from topple.data.rows.events import Events
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import DataError, UnknownIdError, counted, shown
from topple.records.history import History
from topple.records.telling.above import by
from topple.types import CsrMatrix, FloatArray, IntArray, ItemId, JsonObject, TimeArray, UserId


@dataclass(frozen=True, eq=False, repr=False)
class HeldOut:
    """Held-out users: `fold_in` [U, I] is the history a recommender is given, `held_out` [U, I] what it should rank high.

    The values of `fold_in` are the weights of the events, those of `held_out` are ones. `times` tells when each stored entry of
    `fold_in` happened [entries], where that is known. `events` holds every event of the fold-in in order, where an item comes again;
    the values of `fold_in` are then the sums of the weights.
    """

    users: Vocabulary
    fold_in: CsrMatrix
    held_out: CsrMatrix
    times: TimeArray | None = None
    events: Events | None = None

    def __repr__(self) -> str:
        met, hidden = counted(self.fold_in.nnz, "interaction"), f"{self.held_out.nnz:,}"
        return f"<HeldOut: {counted(len(self.users), 'user')}, {met} as histories and {hidden} to predict>"

    def with_history(self) -> IntArray:
        """Return the rows of the users who have at least one fold-in item."""
        return np.flatnonzero(np.diff(self.fold_in.indptr)).astype(np.int64)


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """A prepared data set: the catalogue is that of the training users.

    Args:
        catalogue: items seen in training.
        train_users: the training users.
        train: their interactions [U, I], the values their weights: ones in float32 where none are known, else float64.
        validation: held-out users to choose the best state by.
        test: held-out users to report on and to explain.
        name: the data set's name.
        times: when each stored entry of `train` happened [entries]; None where that is not known.
        events: every event of the training users in order, where an item comes again; None: each stored entry is one.
        account: what became of the rows that were read; of a split that was not prepared here, nothing.
    """

    catalogue: Catalogue
    train_users: Vocabulary
    train: CsrMatrix
    validation: HeldOut
    test: HeldOut
    name: str = "split"
    times: TimeArray | None = None
    events: Events | None = None
    account: Account = field(default_factory=Account)

    def __repr__(self) -> str:
        return (
            f"<Split {shown(self.name)}: {counted(len(self.train_users), 'training user')} with "
            f"{counted(self.train.nnz, 'interaction')} of {counted(len(self.catalogue), 'item')}; {len(self.validation.users):,} users to "
            f"validate, {len(self.test.users):,} to test>"
        )

    def _repr_html_(self) -> str:
        """Return the card that a notebook shows."""
        return str(by("split_card")(self))

    @property
    def weighted(self) -> bool:
        """Whether a weight of the training users or of a history is not 1."""
        return any(_weighted(matrix) for matrix in (self.train, self.validation.fold_in, self.test.fold_in))

    def unweighted(self) -> "Split":
        """Return the split with a weight of 1 for every interaction; the same where all are 1 already."""
        if not self.weighted:
            return self
        validation, test = (
            replace(held, fold_in=_ones(held.fold_in), events=_unweighted(held.events))
            for held in (self.validation, self.test)
        )
        return replace(self, train=_ones(self.train), validation=validation, test=test, events=_unweighted(self.events))

    def merged(self) -> "Split":
        """Return the split with each item once in a history, the weight the sum of the events': for models that read no sequence."""
        validation, test = (replace(held, events=None) for held in (self.validation, self.test))
        return self if self.events is None else replace(self, events=None, validation=validation, test=test)

    @property
    def fingerprint(self) -> str:
        """A short hash of the data: items, users, interactions of each part, weights, times; titles and the name are not in it."""
        users = [self.train_users, self.validation.users, self.test.users]
        told = [self.catalogue.fingerprint, *(vocabulary.fingerprint for vocabulary in users)]
        digest = hashlib.blake2b(":".join(told).encode(), digest_size=8)
        parts = [(self.train, self.times)]
        for held in (self.validation, self.test):
            parts += [(held.fold_in, held.times), (held.held_out, None)]
        for matrix, times in parts:
            for array, kind in ((matrix.indptr, np.int64), (matrix.indices, np.int64), (times, _kind(times))):
                digest.update(b"|" if array is None else np.ascontiguousarray(array, kind).tobytes() + b"|")
            if _weighted(matrix):
                digest.update(b"weights|" + np.ascontiguousarray(matrix.data, np.float64).tobytes() + b"|")
        for log in (self.events, self.validation.events, self.test.events):
            if log is not None:
                weights = np.zeros(0) if log.weights is None else log.weights
                for array in (log.starts, log.items, weights):
                    digest.update(b"events|" + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def history(self, user: UserId) -> History:
        """Return the history of any user of the data: the fold-in of a held-out user, all of a training user.

        It is in the order of the events, oldest first, where times or an order are known, else in the order of the catalogue, as
        equal times are; `ordered` of the history tells which. It is a tuple of item ids that has the `weights` of the events with
        it, where they are not all 1; whatever is asked about the history is asked with them.

        Raises:
            UnknownIdError: no such user.
        """
        for users, matrix, times, log in (
            (self.test.users, self.test.fold_in, self.test.times, self.test.events),
            (self.validation.users, self.validation.fold_in, self.validation.times, self.validation.events),
            (self.train_users, self.train, self.times, self.events),
        ):
            if user in users:
                row = int(users.encode([user])[0])
                items, weights = events(matrix, times, row) if log is None else log[row]
                told = () if (weights == 1).all() else weights.tolist()
                return History(self.catalogue.vocabulary.decode(items), told, ordered=times is not None)
        counts = f"{len(self.train_users):,} training, {len(self.validation.users):,} validation, {len(self.test.users):,} test"
        example = next(users.decode([0])[0] for users in (self.test.users, self.train_users) if len(users))
        raise UnknownIdError(
            f"unknown user id {user!r}: not among the {counts} users. Choose one, such as {example!r}; users with too few items are left "
            "out when data are prepared (min_items, --min-items; 5 unless another number was given)."
        )

    def histories(self, users: Iterable[UserId] | None = None, limit: int | None = None) -> dict[UserId, History]:
        """Return the histories of the given users; by default of the test users who have one, the first `limit` of them."""
        if users is None:
            rows = self.test.with_history()[:limit]
            users = self.test.users.decode(rows)
        return {user: self.history(user) for user in users}

    def training_histories(
        self, users: Iterable[UserId] | None = None, limit: int | None = None
    ) -> dict[UserId, History]:
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
        times, log = self.times, self.events
        return replace(
            self,
            train=train,
            times=None if times is None else times[stays],
            events=None if log is None else log.without(row, gone),
        )

    def describe(self) -> JsonObject:
        """Return counts of users, items and interactions in each part."""
        data = self.train.data
        weights = {"weights": [float(data.min()), float(data.max())]} if self.weighted and len(data) else {}
        return {
            "name": self.name,
            "items": len(self.catalogue),
            **weights,
            "train": {"users": len(self.train_users), "interactions": int(self.train.nnz)}
            | ({} if self.events is None else {"events": len(self.events)}),
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


def _kind(times: TimeArray | None) -> type[np.int64 | np.float64]:
    """Return the type that holds times as they are; the same for a split that was written and read again."""
    whole = (
        times is not None and times.dtype == np.int64 and bool(len(times)) and max(times.max(), -times.min()) > 2**53
    )
    return np.int64 if whole else np.float64


def sequence(matrix: CsrMatrix, times: TimeArray | None, row: int) -> IntArray:
    """Return the items of a row, oldest first where `times` [entries] are given, else in the order of the catalogue."""
    return events(matrix, times, row)[0]


def events(matrix: CsrMatrix, times: TimeArray | None, row: int) -> tuple[IntArray, FloatArray]:
    """Return the items of a row and their weights, oldest first where `times` [entries] are given, else in catalogue order."""
    entries = slice(int(matrix.indptr[row]), int(matrix.indptr[row + 1]))
    items, weights = matrix.indices[entries].astype(np.int64), matrix.data[entries].astype(np.float64)
    if times is None:
        return items, weights
    order = np.argsort(times[entries], kind="stable")
    return items[order], weights[order]


def _weighted(matrix: CsrMatrix) -> bool:
    return bool((matrix.data != 1).any())


def _unweighted(log: Events | None) -> Events | None:
    return None if log is None else replace(log, weights=None)


def _ones(matrix: CsrMatrix) -> CsrMatrix:
    ones = np.ones(matrix.nnz, dtype=np.float32)
    return sparse.csr_matrix((ones, matrix.indices, matrix.indptr), shape=matrix.shape)
