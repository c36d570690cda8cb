"""Erasing users from the shards of a batch."""

import os
from collections.abc import Sequence
from contextlib import ExitStack

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from topple.batch.folder import whole_shards
from topple.batch.job import ASIDE, USERS
from topple.batch.storage import Folder
from topple.errors import DataError
from topple.files import hold
from topple.records.shards.reading import EXPLANATIONS
from topple.types import FilePath


def erase_users(address: FilePath, users: Sequence[str]) -> int:
    """Erase users from explanations, hashes and what was set aside; return how many explanations that were.

    Files are written anew, in one step each; killed in between, it is done again. The input of a batch that is not done holds its users
    until it is: finish it, or begin anew from events without them.

    Args:
        address: the folder of a batch.
        users: ids or pseudonyms, as the explanations hold them.

    Raises:
        DataError: the folder is no batch, or has none of the users.
        OutputError: another process is at work on it.
    """
    folder, wanted = Folder(address), pa.array([str(user) for user in users], pa.string())
    with ExitStack() as stack:
        if folder.local is not None:
            stack.callback(os.close, hold(folder.local))
        names = [*whole_shards(folder, EXPLANATIONS), *whole_shards(folder, USERS)]
        names += [f"{ASIDE}/{name}" for name in folder.names(ASIDE)]
        counts = {name: _without(folder, name, wanted) for name in names}
    if not any(counts.values()):
        raise DataError(
            f"{address} holds none of the users. Name them as its explanations do; pseudonyms where it has these."
        )
    return sum(count for name, count in counts.items() if name.startswith(EXPLANATIONS))


def _without(folder: Folder, name: str, users: pa.Array) -> int:
    """Write a file anew without the rows of users; return how many rows that were."""
    with folder.open(name) as file:
        table = pq.read_table(file)
    gone = pc.fill_null(pc.is_in(table.column("user").cast(pa.string()), users), False)
    count = int(pc.sum(gone).as_py() or 0)
    if count:
        with folder.write(name) as file:
            pq.write_table(table.filter(pc.invert(gone)), file, compression="zstd")
    return count
