"""The explanations of a batch as they stand in a folder of shards, read shard by shard, by user, by item, or as frames."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pa_dataset
import pyarrow.parquet as pq

from topple.errors import DataError, DataNotFoundError, need, shown
from topple.inputs import json_of, path_of, problem, read_text
from topple.records.answer import Explanation
from topple.records.explanations import Explanations
from topple.records.fields import FIELDS
from topple.records.io import ITEM_LISTS, TABLE, ItemLists, from_row, from_table
from topple.records.telling.beside import Beside, StoredTitles, put_beside
from topple.types import FilePath, Id, ItemId, UserId

FORMAT = "topple.batch/1"
"""Of the manifest of a folder of shards."""
MANIFEST, ITEMS = "manifest.json", "items.parquet"
"""What a batch is, written once its input is whole; and the items with their titles."""
EXPLANATIONS, LISTS, DONE = "explanations", "item_lists", "done"
"""Folders: shards of explanations, the item lists that each names, and what tells that a shard is whole."""
COLUMNS = tuple(field.name for field in FIELDS)


def shard_files(folder: FilePath) -> list[Path] | None:
    """Return the files of the shards that are whole; None for a folder that is no batch.

    Raises:
        DataError: a manifest that is damaged.
    """
    manifest = Path(folder) / MANIFEST
    if problem(manifest) is not None:
        return None
    try:
        told = json_of(read_text(manifest))
        if told.get("format") != FORMAT:
            return None
        done = [json_of(read_text(file)) for file in sorted((Path(folder) / DONE).glob("*.json"))]
        whole = [each["shard"] for each in done if each["where"] == told["where"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{manifest} is damaged ({error}). Make the batch again with `topple batch --overwrite`."
        ) from error
    return [Path(folder) / EXPLANATIONS / f"{number:05d}.parquet" for number in sorted(whole)]


class StoredExplanations:
    """The explanations of a folder, read when they are asked for: those of a batch, or of `topple explain --out`.

    Args:
        folder: the folder, on this machine.

    Raises:
        DataNotFoundError: no such folder, or one without explanations.
        DataError: one that is damaged.

    Example:
        >>> stored = topple.scan_explanations("why")  # doctest: +SKIP
        >>> stored.of("42")  # doctest: +SKIP
        >>> stored.naming("alien").arrow(["user", "target"])  # doctest: +SKIP
    """

    def __init__(self, folder: FilePath) -> None:
        self.folder = path_of(folder)
        wrong = problem(self.folder, folder=True)
        if wrong:
            raise DataNotFoundError(
                f"{self.folder} {wrong}. Give a folder that `topple batch` or `topple explain --out` wrote."
            )
        shards = shard_files(self.folder)
        self.files = [self.folder / TABLE] if shards is None else shards
        if shards is None and problem(self.files[0]) is not None:
            raise DataNotFoundError(
                f"{self.folder} holds no explanations (neither {MANIFEST} of a batch nor {TABLE}). Give a folder that `topple batch` or "
                "`topple explain --out` wrote."
            )

    def __len__(self) -> int:
        return sum(pq.read_metadata(file).num_rows for file in self.files)

    def __repr__(self) -> str:
        return f"<StoredExplanations: {len(self):,} in {len(self.files):,} files of {self.folder}>"

    def __iter__(self) -> Iterator[Explanation]:
        """Yield all explanations, a part of a file in memory at a time."""
        for file in self.files:
            with pq.ParquetFile(file) as rows:
                for batch in rows.iter_batches(10_000):
                    yield from self._records(file, pa.Table.from_batches([batch]))

    def of(self, *users: UserId) -> Explanations:
        """Return the explanations about users, by id; those of users who are not there are none."""
        return self._chosen("user", users)

    def about(self, *targets: ItemId) -> Explanations:
        """Return the explanations of why items are recommended."""
        return self._chosen("target", targets)

    def naming(self, *items: ItemId) -> Explanations:
        """Return the explanations whose sets name one of some items: who is shown something because of these."""
        return self._chosen("items", items)

    @property
    def dataset(self) -> pa_dataset.Dataset:
        """All files as a dataset of Arrow, of which nothing is read yet."""
        return pa_dataset.dataset([str(file) for file in self.files], format="parquet")

    def arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return all explanations, or some columns of them, as a table of Arrow."""
        return self.dataset.to_table(columns=_checked(columns))

    def pandas(self, columns: Sequence[str] | None = None) -> Any:
        """Return all explanations, or some columns of them, as a frame of pandas."""
        return self.arrow(columns).to_pandas()

    def polars(self) -> Any:
        """Return all explanations as a lazy frame of polars: nothing is read before `collect`."""
        import polars  # not installed with topple

        return polars.scan_parquet([str(file) for file in self.files])

    def _chosen(self, column: str, wanted: Sequence[Id]) -> Explanations:
        """Return the explanations that have one of some values in a column, or in the lists of a column."""
        for value in wanted:
            need(value, str | int, f"an id of {column}", "an id, a text or a whole number")
        found: list[Explanation] = []
        for file in self.files:
            cells = pq.read_table(file, columns=[column]).column(0).combine_chunks()
            lists = pa.types.is_list(cells.type)
            ids = _as(wanted, cells.type.value_type if lists else cells.type)
            hits = pc.is_in(pc.list_flatten(cells) if lists else cells, ids)
            rows = pc.unique(pc.list_parent_indices(cells).filter(hits)) if lists else pc.indices_nonzero(hits)
            if len(rows):
                found += self._records(file, pq.read_table(file).take(rows))
        return Explanations(found)

    def _records(self, file: Path, table: pa.Table) -> Iterator[Explanation]:
        """Yield the explanations of rows of a file."""
        lists = self._lists(file)
        beside = Beside(StoredTitles(self._titles))
        for row in from_table(table):
            try:
                found = from_row(row, lists)
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(
                    f"{file} does not fit the schema: {error!r}. Make it again with --overwrite."
                ) from error
            put_beside(found, beside)
            yield found

    def _lists(self, file: Path) -> ItemLists:
        """Return the item lists that the rows of a file name."""
        stored = file.parent / ITEM_LISTS if file.name == TABLE else self.folder / LISTS / f"{file.stem}.json"
        if problem(stored) is not None:
            return {}
        return {name: frozenset(ids) for name, ids in json_of(read_text(stored)).items()}

    @cached_property
    def _titles(self) -> dict[Id, str]:
        """The titles of the items of a batch."""
        if problem(self.folder / ITEMS) is not None:
            return {}
        table = pq.read_table(self.folder / ITEMS)
        return dict(zip(table.column("item").to_pylist(), table.column("title").to_pylist(), strict=True))


def scan_explanations(folder: FilePath) -> StoredExplanations:
    """Return the explanations of a folder, which are read when they are asked for; see `StoredExplanations`."""
    return StoredExplanations(folder)


def _as(wanted: Sequence[Id], type_: pa.DataType) -> pa.Array:
    """Return ids in the type of a column: numbers for texts that are written like them, and texts for numbers; others are left out."""
    if pa.types.is_integer(type_):
        texts = [str(value) for value in wanted]
        return pa.array([int(text) for text in texts if text.lstrip("-").isdigit() and abs(int(text)) < 2**63], type_)
    return pa.array([str(value) for value in wanted], type_)


def _checked(columns: Sequence[str] | None) -> list[str] | None:
    """Return names of columns, refused where one is unknown."""
    if columns is None:
        return None
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise DataError(f"{shown(unknown[0])} is no column of explanations: {', '.join(COLUMNS)}. Choose among these.")
    return list(columns)
