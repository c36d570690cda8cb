"""Explanations as files: Parquet for machines, JSON Lines for people and machines; one versioned schema."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from topple.data.vocabulary import Catalogue
from topple.errors import DataError, DataNotFoundError
from topple.files import writing
from topple.records.answer import Explanation, Proof, Status
from topple.records.question import CandidateRule, Goal, Query
from topple.reports.as_json import as_json
from topple.reports.sentences import sentence
from topple.types import FilePath, Id, JsonObject

SCHEMA = "topple.records.answer/2"
MARKER = "explanations.parquet"
"""The file that tells a result folder from others; only such a folder is ever replaced."""


def write_explanations(
    explanations: Sequence[Explanation],
    catalogue: Catalogue,
    folder: FilePath,
    *,
    overwrite: bool = False,
    **extra: JsonObject,
) -> None:
    """Write a result folder: `explanations.parquet`, `explanations.jsonl`, and `<name>.json` for each extra object.

    Raises:
        OutputExistsError: the folder exists and `overwrite` is False.
        OutputError: it could not be written; what was there before is unchanged.
    """
    rows = [_row(explanation, catalogue) for explanation in explanations]
    with writing(folder, overwrite=overwrite, marker=MARKER) as aside:
        aside.mkdir()
        pq.write_table(_table(rows, explanations, catalogue), aside / "explanations.parquet")
        with (aside / "explanations.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(as_json({"schema": SCHEMA, **row}) + "\n" for row in rows)
        for name, value in extra.items():
            (aside / f"{name}.json").write_text(as_json(value, indent=2) + "\n", encoding="utf-8")


def read_explanations(path: FilePath) -> list[Explanation]:
    """Read explanations from a result folder, its Parquet or its JSON Lines file.

    Raises:
        DataNotFoundError: there is none.
        DataError: a file that is damaged or of another schema.
    """
    path = Path(path)
    file = path / "explanations.parquet" if path.is_dir() else path
    if not file.is_file():
        raise DataNotFoundError(
            f"{file} is not a file. Give a folder that `topple explain --out` wrote, or one of its files."
        )
    try:
        rows, schema = _read_lines(file) if file.suffix == ".jsonl" else _read_parquet(file)
    except (pa.ArrowInvalid, OSError, ValueError) as error:
        raise DataError(f"{file} is damaged: {error}. Make it again with `topple explain --out`.") from error
    if schema != SCHEMA:
        raise DataError(f"{file} has schema {schema!r}; this version of topple reads {SCHEMA!r}. Make it again.")
    try:
        return [_explanation(row) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{file} does not fit the schema {SCHEMA}: {error!r}. Make it again.") from error


def explanation_json(explanation: Explanation, catalogue: Catalogue) -> JsonObject:
    """Return one explanation as a JSON object, titles and sentence included."""
    return {"schema": SCHEMA, **_row(explanation, catalogue)}


def _row(e: Explanation, catalogue: Catalogue) -> JsonObject:
    def titles(items: Iterable[Id]) -> list[str]:
        return [catalogue.title(item) for item in items]

    return {
        "user": e.query.user,
        "history": _list(e.query.history),
        "target": e.query.target,
        "target_title": catalogue.title(e.query.target),
        "k": e.query.k,
        "rule": str(e.query.rule),
        "goal": str(e.query.goal),
        "protected": sorted(_list(e.query.protected), key=repr),
        "groups": [_list(group) for group in _list(e.query.groups)],
        "item_costs": [
            {"item": pair[0], "cost": pair[1]} for pair in _list(e.query.item_costs) if len(_list(pair)) == 2
        ],
        "largest": e.query.largest,
        "sets": e.query.sets,
        "seed": e.query.seed,
        "status": e.status.value,
        "items": list(e.items),
        "item_titles": titles(e.items),
        "alternatives": [list(items) for items in e.alternatives],
        "replacements": list(e.replacements),
        "replacement_titles": titles(e.replacements),
        "rank_before": e.rank_before,
        "rank_after": e.rank_after,
        "rank_alone": e.rank_alone,
        "proof": None if e.proof is None else e.proof.value,
        "cost": e.cost,
        "seconds": e.seconds,
        "method": e.method,
        "settings": e.settings,
        "model": e.model,
        "catalogue": e.catalogue,
        "reason": e.reason,
        "sentence": sentence(e, catalogue),
    }


def _table(rows: list[JsonObject], explanations: Sequence[Explanation], catalogue: Catalogue) -> pa.Table:
    item = catalogue.vocabulary.column.type
    asked = [e.query for e in explanations]
    users = {type(query.user) for query in asked if query.user is not None}
    user = pa.int64() if users == {int} else pa.string()
    text = [{**row, "settings": json.dumps(row["settings"], sort_keys=True)} | _as(item, user, row) for row in rows]
    lists = {"history", "protected", "items", "replacements"}
    several = pa.list_(pa.list_(item))
    costs = pa.list_(pa.struct([("item", item), ("cost", pa.float64())]))
    fields = [
        ("user", user), ("history", item), ("target", item), ("target_title", pa.string()), ("k", pa.int64()),
        ("rule", pa.string()), ("goal", pa.string()), ("protected", item), ("groups", several), ("item_costs", costs),
        ("largest", pa.int64()), ("sets", pa.int64()), ("seed", pa.int64()), ("status", pa.string()), ("items", item),
        ("item_titles", pa.list_(pa.string())), ("alternatives", several), ("replacements", item),
        ("replacement_titles", pa.list_(pa.string())), ("rank_before", pa.int64()), ("rank_after", pa.int64()),
        ("rank_alone", pa.int64()), ("proof", pa.string()), ("cost", pa.int64()),
        ("seconds", pa.float64()), ("method", pa.string()), ("settings", pa.string()), ("model", pa.string()),
        ("catalogue", pa.string()), ("reason", pa.string()), ("sentence", pa.string()),
    ]  # fmt: skip
    schema = pa.schema(
        [(name, pa.list_(kind) if name in lists else kind) for name, kind in fields],
        metadata={"schema": SCHEMA},
    )
    return pa.Table.from_pylist(text, schema=schema)


def _as(item: pa.DataType, user: pa.DataType, row: JsonObject) -> JsonObject:
    """Return the id columns of a row as their column must hold them."""
    changed: JsonObject = {}
    if pa.types.is_string(user) and row["user"] is not None:
        changed["user"] = str(row["user"])
    if row["status"] == Status.INVALID.value:  # it may hold ids of another type: JSON Lines keeps them, a column cannot
        kind = int if pa.types.is_integer(item) else str
        changed["target"] = row["target"] if type(row["target"]) is kind else None
        changed |= {name: [i for i in row[name] if type(i) is kind] for name in ("history", "protected")}
        changed |= {name: row[name] if type(row[name]) is int else None for name in ("k", "largest", "sets", "seed")}
        changed["groups"] = [[i for i in group if type(i) is kind] for group in row["groups"]]
        fits = (cost for cost in row["item_costs"] if type(cost["item"]) is kind and type(cost["cost"]) in (int, float))
        changed["item_costs"] = list(fits)
    return changed


def _read_parquet(file: Path) -> tuple[list[dict[str, Any]], str | None]:
    table = pq.read_table(file)
    schema = (table.schema.metadata or {}).get(b"schema")
    rows = table.to_pylist()
    for row in rows:
        row["settings"] = json.loads(row.get("settings") or "{}")
    return rows, None if schema is None else schema.decode()


def _read_lines(file: Path) -> tuple[list[dict[str, Any]], str | None]:
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    schemas = {row.get("schema") for row in rows}
    return rows, schemas.pop() if len(schemas) == 1 else None if schemas else SCHEMA


def _explanation(row: dict[str, Any]) -> Explanation:
    if row["status"] != Status.INVALID.value:
        CandidateRule(row["rule"]), Goal(row["goal"])
    return Explanation(
        query=Query(
            history=row["history"],
            target=row["target"],
            k=row["k"],
            rule=row["rule"],
            goal=row["goal"],
            protected=row["protected"],
            groups=row["groups"],
            item_costs=tuple((cost["item"], cost["cost"]) for cost in row["item_costs"]),
            largest=row["largest"],
            sets=row["sets"],
            seed=row["seed"],
            user=row["user"],
        ),
        status=Status(row["status"]),
        items=tuple(row["items"]),
        replacements=tuple(row["replacements"]),
        rank_before=row["rank_before"],
        rank_after=row["rank_after"],
        rank_alone=row["rank_alone"],
        alternatives=tuple(tuple(items) for items in row["alternatives"]),
        proof=None if row["proof"] is None else Proof(row["proof"]),
        cost=row["cost"],
        seconds=row["seconds"],
        method=row["method"],
        settings=row["settings"],
        model=row["model"],
        catalogue=row["catalogue"],
        reason=row["reason"],
    )


def _list(value: Any) -> list[Any]:
    """Return the elements of a field of a query, none where the query could not be asked because it is something else."""
    return list(value) if isinstance(value, tuple | frozenset) else []
