"""Explanations as JSON, JSON Lines and Arrow tables; the fields are those of the one table in `fields`."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from topple.errors import DataError, DataNotFoundError, escaped, need, shown
from topple.files import read_whole
from topple.inputs import MISSING, json_of, path_of, problem, read_parquet, read_text
from topple.records.answer import Explanation, Proof, Status
from topple.records.explanations import Explanations
from topple.records.fields import COMPARED, FIELDS, SCHEMA, Field
from topple.records.kinds import IdTypes, are_ids, as_it_is, fitting, in_order, list_fingerprint
from topple.records.question import CandidateRule, Goal, Query, Repeats, UntoldContext
from topple.records.telling.beside import Beside, StoredTitles, put_beside
from topple.types import FilePath, Id, JsonObject

OLDER = "topple.explanation/2"
"""The schema before this one, which is read and no longer written."""
TABLE, LINES, ITEM_LISTS = "explanations.parquet", "explanations.jsonl", "item_lists.json"
"""The files of a result folder: the explanations twice, and the item lists that their queries name."""

Words: TypeAlias = Mapping[str, Callable[[Explanation], Any]]
"""By field, a function that makes titles or the sentence of an explanation; made with a catalogue."""
Written: TypeAlias = tuple[str, str, str, Callable[[Any], Any] | None]
"""Of a field the name, the record that holds the value, the attribute, and what makes JSON of it; None: it is JSON."""
ItemLists: TypeAlias = Mapping[str, frozenset[Id]]
"""By name (`list_fingerprint`), the candidates and excluded items of queries; queries with the same list share one set."""


def _written(fields: Iterable[Field]) -> list[Written]:
    """Return of fields what writing them needs, looked up once."""
    kinds = [(each, each.kind.to_json) for each in fields]
    return [(each.name, each.owner, each.attribute, None if made is as_it_is else made) for each, made in kinds]


_EVERY, _THE_SAME = _written(FIELDS), _written(COMPARED)


def to_row(explanation: Explanation, words: Words | None = None) -> JsonObject:
    """Return an explanation as a JSON object with the schema's name and every field; without words, titles are null."""
    return {"schema": SCHEMA, **_values(explanation, _EVERY, words)}


def _values(explanation: Explanation, chosen: Sequence[Written], words: Words | None = None) -> JsonObject:
    """Return chosen fields of an explanation as JSON values, by name."""
    records = {"": explanation, "query": explanation.query, "verdict": explanation.verdict}
    values: JsonObject = {}
    for name, owner, attribute, to_json in chosen:
        if attribute:
            record = records[owner]
            value = None if record is None else getattr(record, attribute)
            values[name] = value if value is None or to_json is None else to_json(value)
        else:
            values[name] = words[name](explanation) if words is not None else None
    return values


def from_row(row: JsonObject, item_lists: ItemLists | None = None, titles: dict[Id, str] | None = None) -> Explanation:
    """Return the explanation of a JSON object of this schema or of the one before it.

    Args:
        row: the JSON object.
        item_lists: the lists that queries name.
        titles: the titles that rows hold, by item; those of the row join them, and the explanation is told by all of them.

    Raises:
        KeyError, TypeError, ValueError: the object is no explanation.
    """
    older = row["schema"] == OLDER
    stored = from_older(row) if older else row
    values: dict[str, dict[str, Any]] = {"query": {}, "": {}}
    told_as_it_was = stored["status"] == Status.INVALID.value  # such a question may hold anything
    for field in FIELDS:
        if older and field.since > 2 and field.name not in stored:
            continue
        value = stored[field.name] if field.read else stored.get(field.name)
        if not (told_as_it_was and field.owner == "query") and not _is_of_kind(value, field):
            raise ValueError(f"{field.name} is {shown(value)}, and not of the kind {field.kind.name}")
        if field.read:
            values[field.owner][field.attribute] = value if value is None else field.kind.from_json(value)
    query, answer = values["query"], values[""]
    if not told_as_it_was:
        CandidateRule(query["rule"]), Goal(query["goal"]), Repeats(query.get("repeats", Repeats.ITEM))
    if stored.get("replayable") is False:
        query["context"] = UntoldContext()
    query |= _named_lists(query, item_lists or {})
    answer["status"] = Status(answer["status"])
    answer["proof"] = None if answer["proof"] is None else Proof(answer["proof"])
    explanation = Explanation(query=Query(**query), **answer)
    if titles is not None and _join_titles(titles, explanation, stored):
        put_beside(explanation, Beside(StoredTitles(titles)))
    return explanation


def _join_titles(titles: dict[Id, str], explanation: Explanation, row: JsonObject) -> bool:
    """Take over the titles that a row holds, and return whether it holds any."""
    named = [
        *zip((explanation.query.target,), (row.get("target_title"),), strict=True),
        *zip(explanation.items, row.get("item_titles") or (), strict=False),
        *zip(explanation.replacements, row.get("replacement_titles") or (), strict=False),
    ]
    told = {item: title for item, title in named if isinstance(item, str | int) and isinstance(title, str)}
    titles.update(told)
    return bool(told)


def _is_of_kind(value: Any, field: Field) -> bool:
    """Return whether a stored value is one that the field may hold; what is derived may be missing."""
    return (field.nullable or not field.read) if value is None else field.kind.accepts(value)


def canonical_json(explanation: Explanation) -> str:
    """Return an explanation as the one JSON text that is equal for the same answer to the same question.

    Keys are sorted and numbers as short as they can be. Left out are times, version and counts of work, scores, margins and
    attributions, and what follows from the rest (titles, the sentence). Which model, data and catalogue it was is compared
    beside it: `explanation.model`, `data` and `catalogue`.

    Example:
        >>> from topple import Explanation, Query, Status
        >>> slow = Explanation(Query(["alien"], "brazil"), Status.NOT_FOUND, cost=90, seconds=2.5)
        >>> fast = Explanation(Query(["alien"], "brazil"), Status.NOT_FOUND, cost=10, seconds=0.1)
        >>> canonical_json(slow) == canonical_json(fast)
        True
    """
    need(explanation, Explanation, "explanation", "one of those that explain returned")
    return json.dumps(
        _values(explanation, _THE_SAME), sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def item_lists_of(explanations: Iterable[Explanation]) -> dict[str, list[Id]]:
    """Return the candidates and excluded items of queries, each list once, by name."""
    asked = [explanation.query for explanation in explanations]
    found = {query.candidates for query in asked} | {query.exclude for query in asked if query.exclude}
    return {list_fingerprint(ids): in_order(ids) for ids in found if isinstance(ids, frozenset)}


def to_table(rows: Sequence[JsonObject], item: pa.DataType) -> pa.Table:
    """Return rows as an Arrow table, the schema's name in the metadata and a line about each column in that of the column.

    Args:
        rows: of `to_row`.
        item: the type of item ids, int64 or string.

    Raises:
        DataError: a value that no column can hold.
    """
    users = {type(row["user"]) for row in rows if row["user"] is not None}
    ids = IdTypes(item, pa.int64() if users == {int} else pa.string())
    schema = pa.schema(
        [pa.field(field.name, field.kind.column(ids), metadata={"about": field.about}) for field in FIELDS],
        metadata={"schema": SCHEMA},
    )
    # a query that could not be asked may hold ids of another type: JSON Lines keeps them, a column cannot
    strange = [number for number, row in enumerate(rows) if row["status"] == Status.INVALID.value]
    columns = []
    for field, column in zip(FIELDS, schema.types, strict=True):
        to_column = str if field.name == "user" and pa.types.is_string(column) else field.kind.to_column
        values = [None if row[field.name] is None else to_column(row[field.name]) for row in rows]
        for number in strange:
            values[number] = fitting(values[number], column)
        columns.append(_column(field.name, values, column))
    return pa.Table.from_arrays(columns, schema=schema)


def _column(name: str, values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return the values of a field as a column.

    Raises:
        DataError: one is larger than the column, or holds halves of characters.
    """
    try:
        return pa.array(values, kind)
    except (OverflowError, UnicodeError) as error:
        raise DataError(
            f"{name} holds what no file can: {escaped(str(error))}. Give ids that are texts of whole characters, or whole numbers of "
            "at most 64 bits."
        ) from error


def from_table(table: pa.Table) -> list[JsonObject]:
    """Return the rows of an Arrow table as JSON objects, each with the name of the table's schema."""
    kinds = {field.name: field.kind for field in FIELDS}

    def as_json(name: str, value: Any) -> Any:
        return kinds[name].from_column(value) if name in kinds and value is not None else value

    schema = _schema_name(table)
    return [
        {"schema": schema, **{name: as_json(name, value) for name, value in row.items()}} for row in table.to_pylist()
    ]


def read_explanations(path: FilePath) -> Explanations:
    """Read explanations from a result folder, or from a Parquet or JSON Lines file of one; those of schema 2 too.

    Of the folder of a batch all are read into memory; `topple.scan_explanations` reads what is asked for, by user and by item.

    Raises:
        DataNotFoundError: there is none.
        DataError: a file that is damaged or of another schema.
    """
    return read_whole(path, lambda: _read(path_of(path)))


def _read(path: Path) -> Explanations:
    if problem(path, folder=True) is None and problem(path / TABLE) == MISSING:
        from topple.records.shards.reading import (  # reads with the functions of this file
            StoredExplanations,
            shard_files,
        )

        if shard_files(path) is not None:
            return Explanations(StoredExplanations(path))
    file = path / TABLE if problem(path, folder=True) is None else path
    wrong = problem(file)
    if wrong:
        raise DataNotFoundError(f"{file} {wrong}. Give a folder that `topple explain --out` wrote, or a file of one.")
    try:
        rows, schemas = _lines(file) if file.suffix == ".jsonl" else _parquet(file)
        lists = _item_lists(file.parent / ITEM_LISTS)
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise DataError(f"{file} is damaged: {error}. Make it again with `topple explain --out`.") from error
    strange = [name for name in schemas if name not in (SCHEMA, OLDER)]
    if strange:
        raise DataError(
            f"{file} has schema {strange[0]!r}; this version of topple reads {SCHEMA!r} and {OLDER!r}. Make it again."
        )
    try:
        titles: dict[Id, str] = {}
        return Explanations(from_row(row, lists, titles) for row in rows)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{file} does not fit the schema {SCHEMA}: {error!r}. Make it again.") from error


def _lines(file: Path) -> tuple[list[JsonObject], list[Any]]:
    """Return the objects of a JSON Lines file, and the schemas that they name."""
    rows = [json_of(line) for line in read_text(file).split("\n") if line]
    other = next((row for row in rows if not isinstance(row, dict)), None)
    if other is not None:
        raise ValueError(f"{str(other)[:40]!r} is no JSON object")
    return rows, [row.get("schema") for row in rows]


def _parquet(file: Path) -> tuple[list[JsonObject], list[Any]]:
    """Return the rows of a Parquet file, and the schema that it names."""
    table = read_parquet(file)
    return from_table(table), [_schema_name(table)]


def _item_lists(file: Path) -> ItemLists:
    """Return the item lists beside a file of explanations; none where there is no such file."""
    stored = json_of(read_text(file)) if problem(file) != MISSING else {}
    if not isinstance(stored, dict) or not all(are_ids(ids) for ids in stored.values()):
        raise ValueError(f"{file.name} beside it holds no lists by name")
    return {name: frozenset(ids) for name, ids in stored.items()}


def _schema_name(table: pa.Table) -> str | None:
    name = (table.schema.metadata or {}).get(b"schema")
    return None if name is None else str(name.decode())


def _named_lists(query: Mapping[str, Any], item_lists: ItemLists) -> dict[str, frozenset[Id] | None]:
    """Return the candidates and excluded items of a stored query, whose `candidates` and `exclude` are names of item lists."""
    names = {key: query.get(key) for key in ("candidates", "exclude")}
    missing = next((name for name in names.values() if name is not None and name not in item_lists), None)
    if missing is not None:
        raise ValueError(f"the item list {missing!r} is not in {ITEM_LISTS} beside it")
    found = {key: None if name is None else item_lists[name] for key, name in names.items()}
    return {**found, "exclude": found["exclude"] or frozenset()}


def from_older(row: JsonObject) -> JsonObject:
    """Return a row of schema 2 under the names of this schema; in schema 2 a proof is always by the method that answered."""
    renamed = {**row, "items": row["removed"]}
    if row["proof"] == Proof.MINIMUM.value:
        costs = {pair["item"]: pair["cost"] for pair in row["item_costs"]}
        renamed |= {"at_least": sum(costs.get(item, 1) for item in row["removed"]), "proof_by": row["method"]}
    elif row["status"] == Status.IMPOSSIBLE.value:
        renamed |= {"at_least": "infinity", "proof_by": row["method"]}
    return renamed
