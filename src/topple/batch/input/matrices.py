"""Events of sparse matrices, some users at a time: the users of a model folder, and CSR files of scipy."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from scipy import sparse

from topple.batch.input.events import ASIDE, ROWS, Part
from topple.data.rows.events import Events
from topple.data.splitting import Split
from topple.data.vocabulary import Vocabulary
from topple.errors import DataError
from topple.types import CsrMatrix, JsonObject, TimeArray


class Block(NamedTuple):
    """Users and their events.

    Args:
        users: of the rows.
        matrix: weights [U, I].
        times: of the stored entries; None where they are not known.
        events: every event in order, in place of the matrix.
    """

    users: pa.Array
    matrix: CsrMatrix
    times: TimeArray | None = None
    events: Events | None = None


class MatrixEvents:
    """Events of sparse matrices.

    Args:
        blocks: users and matrices.
        items: the items of the columns.
        identity: what the events are.
    """

    def __init__(self, blocks: Sequence[Block], items: Vocabulary, identity: list[JsonObject]) -> None:
        self.blocks, self.items, self.identity = blocks, items, identity

    @classmethod
    def of_split(cls, split: Split) -> "MatrixEvents":
        """Return the histories of all users of the data of a model folder: training users whole, held-out users as they are folded in."""
        held = [
            Block(part.users.column, part.fold_in, part.times, part.events) for part in (split.validation, split.test)
        ]
        blocks = [Block(split.train_users.column, split.train, split.times, split.events), *held]
        return cls(blocks, split.catalogue.vocabulary, [{"name": split.name, "data": split.fingerprint}])

    @classmethod
    def of_csr(cls, path: Path, items: Vocabulary) -> "MatrixEvents":
        """Return the rows of a CSR file of `scipy.sparse.save_npz`: users are numbered from 0, columns are the items of the catalogue.

        Raises:
            DataError: it is none, or has another number of columns.
        """
        try:
            matrix = sparse.csr_matrix(sparse.load_npz(path))
        except (OSError, ValueError, KeyError) as error:
            raise DataError(
                f"{path} is no sparse matrix of scipy ({error}). Save it with scipy.sparse.save_npz."
            ) from error
        if matrix.shape[1] != len(items):
            raise DataError(
                f"{path} has {matrix.shape[1]:,} columns, and the catalogue of the model {len(items):,} items. A column is an item, in the "
                "order of the catalogue."
            )
        if not np.isfinite(matrix.data).all() or (matrix.data < 0).any():
            raise DataError(f"{path} holds weights that are below 0 or no finite numbers. A weight is above 0.")
        matrix.eliminate_zeros()
        about = path.stat()
        told = {"name": path.name, "bytes": about.st_size, "changed": about.st_mtime_ns}
        return cls([Block(pa.array(np.arange(matrix.shape[0])), matrix)], items, [told])

    @property
    def rows(self) -> int:
        """How many events there are."""
        return max(1, sum(len(block.events) if block.events is not None else block.matrix.nnz for block in self.blocks))

    @property
    def logged(self) -> bool:
        """Whether the data holds every event of the users, as it was read with `duplicates="keep"`."""
        return any(block.events is not None for block in self.blocks)

    def parts(self) -> Iterator[Part]:
        """Yield the events, those of some users at a time."""
        nothing = ASIDE.empty_table()
        for block in self.blocks:
            starts = block.matrix.indptr if block.events is None else block.events.starts
            first = 0
            while first < len(starts) - 1:
                last = max(first + 1, int(np.searchsorted(starts, starts[first] + ROWS, side="right")) - 1)
                yield Part(self._events(block, starts, first, last), nothing)
                first = last

    def _events(self, block: Block, starts: np.ndarray, first: int, last: int) -> pa.Table:
        """Return the events of users from `first` to before `last`."""
        part = slice(int(starts[first]), int(starts[last]))
        when: TimeArray | None
        user = np.repeat(np.arange(first, last), np.diff(starts[first : last + 1]))
        if block.events is None:
            items, weights = block.matrix.indices[part].astype(np.int64), block.matrix.data[part].astype(np.float64)
            when = None if block.times is None else block.times[part]
        else:
            items = block.events.items[part]
            weights = np.ones(len(items)) if block.events.weights is None else block.events.weights[part]
            when = np.arange(len(items))  # in order
        columns = {"user": block.users.take(pa.array(user)), "item": self.items.column.take(pa.array(items))}
        columns |= {"weight": pa.array(weights)}
        return pa.table(columns | ({} if when is None else {"time": pa.array(when)}))
