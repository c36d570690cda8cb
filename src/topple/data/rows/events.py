"""Every event of every user, in order: what a matrix of users x items cannot hold, for an item may come again."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from topple.types import BoolArray, CsrMatrix, FloatArray, IntArray, TimeArray


@dataclass(frozen=True, eq=False)
class Events:
    """The events of users, those of a user after each other, oldest first.

    Args:
        starts: where the events of each user begin, and the end [U + 1].
        items: the item of each event, index [events].
        weights: the weight of each event [events]; None for 1 each.
    """

    starts: IntArray
    items: IntArray
    weights: FloatArray | None = None

    @classmethod
    def of(
        cls, users: IntArray, items: IntArray, times: TimeArray | None, weights: FloatArray | None, count: int
    ) -> Self:
        """Sort events by user and time; those of equal times stay in the order that they come in.

        Args:
            users: the user of each event, index [events].
            items: the item of each event, index [events].
            times: the time of each event [events]; None: they come in order.
            weights: the weight of each event [events]; None for 1 each.
            count: how many users there are.
        """
        order = np.argsort(users, kind="stable") if times is None else np.lexsort((times, users))
        starts = np.concatenate([[0], np.cumsum(np.bincount(users, minlength=count))]).astype(np.int64)
        return cls(starts, items[order], None if weights is None else weights[order])

    @property
    def users(self) -> IntArray:
        """The user of each event, index [events]."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, user: int) -> tuple[IntArray, FloatArray]:
        """Return the items of a user's events and their weights, oldest first."""
        part = slice(int(self.starts[user]), int(self.starts[user + 1]))
        items = self.items[part]
        return items, np.ones(len(items)) if self.weights is None else self.weights[part]

    def within(self, users: IntArray, items: IntArray, part: CsrMatrix) -> "Events":
        """Return the events that a part of the data holds, by the numbers of the part.

        Args:
            users: the users of the part, index [U], ascending.
            items: the items of the part, index [I].
            part: which pairs of those it holds [U, I].
        """
        row_of = np.full(len(self.starts) - 1, -1)
        column_of = np.full(max(self.items.max(initial=-1), items.max(initial=-1)) + 1, -1)
        row_of[users], column_of[items] = np.arange(len(users)), np.arange(len(items))
        rows, columns = row_of[self.users], column_of[self.items]
        inside = (rows >= 0) & (columns >= 0)
        held = part.tocoo()
        pairs = np.unique(held.row.astype(np.int64) * len(items) + held.col)
        inside[inside] = np.isin(rows[inside] * len(items) + columns[inside], pairs)
        return self._chosen(inside, rows[inside], columns[inside], len(users))

    def without(self, user: int, items: IntArray) -> "Events":
        """Return the events less those of a user with the items."""
        users = self.users
        stays = ~((users == user) & np.isin(self.items, items))
        return self._chosen(stays, users[stays], self.items[stays], len(self.starts) - 1)

    def matrix(self, items: int) -> CsrMatrix:
        """Return the events as rows of a sparse matrix [U, I] that hold an item several times; the values count from 1."""
        ranks = np.arange(len(self)) - np.repeat(self.starts[:-1], np.diff(self.starts)) + 1
        shape = (len(self.starts) - 1, items)
        return sparse.csr_matrix((ranks.astype(np.float32), self.items, self.starts), shape=shape)

    def _chosen(self, chosen: BoolArray, users: IntArray, items: IntArray, count: int) -> "Events":
        weights = None if self.weights is None else self.weights[chosen]
        return Events.of(users, items, None, weights, count)
