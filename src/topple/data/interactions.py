"""Interactions: who met what, with the outside ids kept to the end."""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from topple.data.rows.account import Account, Dropped, Order, Step
from topple.data.rows.events import Events
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import DataError, counted, shown
from topple.types import BoolArray, CsrMatrix, FloatArray, IntArray, JsonObject, TimeArray


@dataclass(frozen=True, eq=False, repr=False)
class Interactions:
    """Observed interactions, one a row, no (user, item) pair twice.

    Args:
        users: the user ids.
        catalogue: the item ids and titles.
        user_index: the user of each row, index [rows].
        item_index: the item of each row, index [rows].
        ratings: the rating of each row [rows], or None for implicit feedback.
        name: the data set's name, for reports.
        timestamps: when each row happened [rows], in any unit; None where that is not known.
        weights: the weight of each row [rows], above 0 (plays, quantity, confidence); None for 1 each.
        account: what became of the rows that were read.
        events: every event in order, where an item comes again; None: each row is one.
    """

    users: Vocabulary
    catalogue: Catalogue
    user_index: IntArray
    item_index: IntArray
    ratings: FloatArray | None = None
    name: str = "interactions"
    timestamps: TimeArray | None = None
    weights: FloatArray | None = None
    account: Account = field(default_factory=Account)
    events: Events | None = None

    def __post_init__(self) -> None:
        pairs = self.user_index * len(self.catalogue) + self.item_index
        unique, first, counts = np.unique(pairs, return_index=True, return_counts=True)
        if len(unique) < len(pairs):
            where = int(first[counts > 1].min())
            raise DataError(
                f"{len(pairs) - len(unique):,} of {len(pairs):,} rows repeat a (user, item) pair, first user="
                f"{self.users.decode([int(self.user_index[where])])[0]!r}, item="
                f"{self.catalogue.vocabulary.decode([int(self.item_index[where])])[0]!r}. A pair occurs once; "
                "where repeats are the same thing bought or played again, pass duplicates='count' (--duplicates count) for weights that "
                "say how often, or name a column of quantities (weight=, --weight-column), and they are summed. Else duplicates='first', "
                "'last', 'max' or 'mean' makes one row of them, and 'keep' leaves them as events of a model of sequences."
            )

    def __len__(self) -> int:
        return len(self.user_index)

    def __repr__(self) -> str:
        columns = {"ratings": self.ratings, "weights": self.weights, "times": self.timestamps}
        known = " and ".join(name for name, values in columns.items() if values is not None)
        told = f"{len(self):,} of {counted(len(self.users), 'user')} and {counted(len(self.catalogue), 'item')}"
        return f"<Interactions {shown(self.name)}: {told}{', with ' if known else ''}{known}>"

    @property
    def order(self) -> Order | None:
        """What the order of the events is told by; None: it is not known."""
        return self.account.order or (None if self.timestamps is None else Order.TIMES)

    def left_out(self, rows: BoolArray, why: Dropped, **told: object) -> "Interactions":
        """Return only the chosen rows, and account for the others.

        Args:
            rows: which stay.
            why: the others do not.
            told: what the sentence about it needs.
        """
        kept = self.keep(rows)
        users, items = len(self.users) - len(kept.users), len(self.catalogue) - len(kept.catalogue)
        step = Step(why, len(self) - len(kept), users, items, told)
        return replace(kept, account=self.account.then(step))

    def keep(self, rows: BoolArray) -> "Interactions":
        """Return only the chosen rows; users and items without a row leave the vocabularies."""
        users, user_index = np.unique(self.user_index[rows], return_inverse=True)
        items, item_index = np.unique(self.item_index[rows], return_inverse=True)
        events = self.events
        if events is not None:
            events = events.within(users, items, to_matrix(user_index, item_index, (len(users), len(items))))
        return replace(
            self,
            events=events,
            users=Vocabulary(self.users.column.take(users), "user"),
            catalogue=self.catalogue.subset(items),
            user_index=user_index.astype(np.int64),
            item_index=item_index.astype(np.int64),
            ratings=None if self.ratings is None else self.ratings[rows],
            timestamps=None if self.timestamps is None else self.timestamps[rows],
            weights=None if self.weights is None else self.weights[rows],
        )

    def matrix(self) -> CsrMatrix:
        """Return the sparse users x items matrix [U, I]: ones, float32, or the weights, float64."""
        shape = (len(self.users), len(self.catalogue))
        return to_matrix(self.user_index, self.item_index, shape, self.weights)

    def when(self, users: IntArray, items: IntArray) -> TimeArray | None:
        """Return when each (user, item) pair happened, index [pairs] each; None without timestamps.

        Every pair must be a row.
        """
        if self.timestamps is None:
            return None
        pairs = self.user_index * len(self.catalogue) + self.item_index
        order = np.argsort(pairs)
        return self.timestamps[order[np.searchsorted(pairs, users * len(self.catalogue) + items, sorter=order)]]

    def describe(self) -> JsonObject:
        """Return counts, the density, the quartiles of the history length and the range of the ratings."""
        lengths = np.bincount(self.user_index, minlength=len(self.users))
        popularity = np.sort(np.bincount(self.item_index, minlength=len(self.catalogue)))[::-1]
        top = max(1, len(popularity) // 10)
        described: JsonObject = {
            "name": self.name,
            "users": len(self.users),
            "items": len(self.catalogue),
            "interactions": len(self),
            "density": len(self) / (len(self.users) * len(self.catalogue)),
            "history_length_quartiles": [float(q) for q in np.quantile(lengths, [0, 0.25, 0.5, 0.75, 1])],
            "share_of_most_popular_tenth": float(popularity[:top].sum() / len(self)),
            "titles": self.catalogue.titles is not None,
        }
        if self.ratings is not None:
            described["ratings"] = [float(self.ratings.min()), float(self.ratings.max())]
        if self.timestamps is not None:
            described["timestamps"] = [float(self.timestamps.min()), float(self.timestamps.max())]
            if self.account.span is not None:
                described["span"] = list(self.account.span)
        if self.weights is not None:
            described["weights"] = [float(self.weights.min()), float(self.weights.max())]
        return described


def numbered(matrix: CsrMatrix, numbers: IntArray) -> CsrMatrix:
    """Return the matrix with a whole number for each stored entry [entries] as the values, int64.

    As float32, the type of the other matrices, numbers above 16,777,216 would be rounded: another user, another rank.
    """
    return sparse.csr_matrix((numbers.astype(np.int64), matrix.indices, matrix.indptr), shape=matrix.shape)


def to_matrix(
    rows: IntArray, columns: IntArray, shape: tuple[int, int], weights: FloatArray | None = None
) -> CsrMatrix:
    """Return the sparse matrix of the weights [entries] at (rows, columns), the indices of a row sorted.

    Without weights the values are ones, float32; with weights they are float64, as they were given.
    """
    values = np.ones(len(rows), dtype=np.float32) if weights is None else weights
    matrix: CsrMatrix = sparse.csr_matrix((values, (rows, columns)), shape=shape, dtype=values.dtype)
    matrix.sort_indices()
    return matrix
