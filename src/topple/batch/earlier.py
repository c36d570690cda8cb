"""What an earlier run of a batch knows of the users of a shard: answers that are kept where nothing changed."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from topple.batch.job import USERS, shard_name
from topple.batch.storage import Folder
from topple.inputs import json_of
from topple.records.shards.reading import EXPLANATIONS, LISTS
from topple.types import Id

KNOWN = pa.schema([("user", pa.string()), ("digest", pa.string()), ("rows", pa.int64())])
"""Of each user of a shard, as the explanations call the user, a hash of what was known, and how many answers there are."""
IDENTITY = b"identity"
"""In the metadata of that table: the identity of the answers."""


class Earlier:
    """The answers of a shard that may be kept.

    Args:
        digests: by user, the hash of what was known.
        rows: by user, the first row of the answers and how many there are.
        answers: the table of all.
        lists: the item lists that they name.
    """

    def __init__(
        self, digests: dict[str, str], rows: dict[str, tuple[int, int]], answers: pa.Table, lists: dict[str, list[Id]]
    ) -> None:
        self.digests, self.rows, self.answers, self.lists = digests, rows, answers, lists

    @classmethod
    def read(
        cls, folder: Folder, number: int, identities: Sequence[str], touched: Sequence[Id] | None
    ) -> "Earlier | None":
        """Read what is there of a shard; None where nothing may be kept.

        Args:
            folder: of the batch.
            number: of the shard.
            identities: of answers that may be kept.
            touched: items; of users whose lists, replacements, sets or histories hold one, nothing is kept.
        """
        names = [f"{part}/{shard_name(number)}.parquet" for part in (USERS, EXPLANATIONS)]
        if not all(map(folder.exists, names)):
            return None
        with folder.open(names[0]) as file:
            known = pq.read_table(file)
        identity = (known.schema.metadata or {}).get(IDENTITY, b"").decode()
        if identity not in identities:
            return None
        with folder.open(names[1]) as file:
            answers = pq.read_table(file).combine_chunks()
        gone = set() if touched is None else _touched(answers, touched)
        users = answers.column("user").cast(pa.string()).to_pylist()
        rows: dict[str, tuple[int, int]] = {}
        for row, user in enumerate(users):
            first, count = rows.get(user, (row, 0))
            rows[user] = (first, count + 1)
        digests = {
            each["user"]: each["digest"] for each in known.to_pylist()
            if each["user"] not in gone and rows.get(each["user"], (0, 0))[1] == each["rows"]
        }  # fmt: skip
        lists = f"{LISTS}/{shard_name(number)}.json"
        return cls(digests, rows, answers, json_of(folder.read(lists)) if folder.exists(lists) else {})

    def of(self, users: Sequence[str]) -> tuple[pa.Table, list[int]]:
        """Return the answers about users, in their order, and how many are about each."""
        found = [self.rows.get(user, (0, 0)) for user in users]
        rows = [row for first, count in found for row in range(first, first + count)]
        return self.answers.take(pa.array(rows, pa.int64())), [count for _, count in found]


def _touched(answers: pa.Table, items: Sequence[Id]) -> set[str]:
    """Return the users whose lists, replacements, sets or histories hold one of some items."""
    wanted = pa.array(items, answers.schema.field("target").type)
    found = pc.fill_null(pc.is_in(answers.column("target"), wanted), False)
    users = answers.column("user").cast(pa.string())
    touched = set(users.filter(found).to_pylist())
    for name in ("replacements", "items", "history"):
        column = answers.column(name).combine_chunks()
        rows = pc.list_parent_indices(column).filter(pc.is_in(pc.list_flatten(column), wanted))
        touched |= set(users.take(pc.unique(rows)).to_pylist())
    return touched
