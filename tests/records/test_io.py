import json
import math
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from topple import Catalogue, Explanation, Goal, Proof, Query, Status, Vocabulary, canonical_json, read_explanations
from topple.errors import DataError, DataNotFoundError
from topple.records.fields import FIELDS, SCHEMA
from topple.records.io import from_row, from_table, item_lists_of, to_row, to_table
from topple.reports.records import write_explanations

OLDER = Path(__file__).parent / "explanations-of-schema-2.jsonl"
"""Written by the version before this schema."""


class Device:
    def __init__(self, key="tv"):
        self.key = key


def full(ids):
    """An explanation that differs from the defaults in every field."""
    a, b, c, d = ids
    query = Query(
        (a, b, a), c, k=2, rule="unseen_after", goal="both", protected=frozenset({b}), groups=((a,),), item_costs=((a, 2),),
        largest=4, sets=3, candidates=frozenset(ids), exclude=frozenset({d}), seed=5, user="ann", weights=(1, 2.5, 1),
        times=(10, 11, 12), context={"device": "tv"}, repeats="events",
    )  # fmt: skip
    return Explanation(
        query, Status.FOUND, items=(a,), positions=(0, 2), replacements=(d,), rank_before=1, rank_after=3, rank_alone=2,
        alternatives=((b,), (a, b)), proof=Proof.MINIMAL, at_least=1.5, proof_by="auto", margin=0.25, within_rounding=True,
        attributions=(0.5, -1.0, 0.0), attribution_errors=(0.1, 0.1, 0.2), shown=(c, d), shown_is_models=False, cost=7,
        seconds=0.25, method="lcer", settings={"lam": 0.5}, model="m", catalogue="c", data="d",
        at="2026-11-25T12:00:00+00:00", version="0.1.0", reason="because",
    )  # fmt: skip


def stored(explanation):
    """Through JSON text and through a column."""
    lists = {name: frozenset(ids) for name, ids in item_lists_of([explanation]).items()}
    row = to_row(explanation)
    table = to_table([row], pa.int64() if isinstance(explanation.query.target, int) else pa.string())
    return from_row(json.loads(json.dumps(row, allow_nan=False)), lists), from_row(from_table(table)[0], lists)


@pytest.mark.parametrize("ids", [(10, 20, 30, 40), ("007", "b", "ünï", 'q"uote')])
def test_every_field_comes_back(ids):
    written = full(ids)
    plain = Explanation(Query((ids[0],), ids[1]), Status.NOT_FOUND)
    assert all(to_row(written)[f.name] != to_row(plain)[f.name] for f in FIELDS if f.read and f.name != "status")
    for again in stored(written):
        assert again == written
        assert again.query.context == {"device": "tv"}
        assert again.query.history_fingerprint == written.query.history_fingerprint
        assert canonical_json(again) == canonical_json(written)


def test_infinity_survives_both():
    impossible = Explanation(Query((1,), 2), Status.IMPOSSIBLE, at_least=math.inf, proof_by="auto")
    assert to_row(impossible)["at_least"] == "infinity"
    assert [again.at_least for again in stored(impossible)] == [math.inf, math.inf]
    assert to_table([to_row(impossible)], pa.int64())["at_least"].to_pylist() == [math.inf]


def test_a_context_is_known_by_its_key_or_told_to_be_lost():
    named = Explanation(Query((1,), 2, context=Device()), Status.FOUND, (1,))
    lost = Explanation(Query((1,), 2, context=object()), Status.FOUND, (1,))
    for again in stored(named):
        assert (again.query.context_key, again.query.replayable) == ("tv", True)
    first, second = stored(lost)
    assert not first.query.replayable
    assert first.query.history_key != second.query.history_key


def nested(levels):
    return [nested(levels - 1)] if levels else []


@pytest.mark.parametrize(
    "context", [{"region": "\ud800"}, Device("\udcff"), nested(150), {1: "north"}, {"a": [{None: 1}]}, {"bonus": math.nan}],
    ids=["text", "key", "deep", "number", "nothing", "nan"],
)  # fmt: skip
def test_a_context_that_no_file_gives_back_has_no_key(context):
    lost = Explanation(Query((1,), 2, context=context), Status.FOUND, (1,))
    assert lost.query.context_key is None
    assert not lost.query.replayable
    assert all(again.query.context_key is None for again in stored(lost))


def test_a_context_in_any_script_comes_back():
    context = {"region": "Zürich", "levels": nested(90)}
    assert [
        again.query.context for again in stored(Explanation(Query((1,), 2, context=context), Status.FOUND, (1,)))
    ] == [context] * 2


def test_the_same_answer_has_the_same_canonical_text():
    answer = full((10, 20, 30, 40))
    other = replace(
        answer, cost=1, seconds=9.0, at="", version="2", model="x", data="", catalogue="", margin=0.5, attributions=(),
        attribution_errors=(),
    )  # fmt: skip
    text = canonical_json(answer)
    assert canonical_json(other) == text
    assert json.loads(text)["candidates"] == to_row(answer)["candidates"]
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False, separators=(",", ":")) == text
    for change in ({"items": (20,)}, {"proof": None}, {"at_least": 2.0}, {"reason": ""}, {"rank_after": 4}):
        assert canonical_json(replace(answer, **change)) != text
    assert canonical_json(replace(answer, query=replace(answer.query, weights=(1, 2, 1)))) != text


def test_columns_say_what_they_hold():
    schema = to_table([], pa.string()).schema
    assert schema.metadata == {b"schema": SCHEMA.encode()}
    assert schema.names == [field.name for field in FIELDS]
    assert schema.field("at_least").metadata[b"about"].startswith(b"What a set costs at least")


def test_files_of_the_schema_before_are_read():
    found = read_explanations(OLDER)
    assert [e.status.value for e in found].count("impossible") == 2
    first, sixth = found[0], found[5]
    assert (first.items, first.proof, first.at_least, first.proof_by) == (
        ("film-0", "film-1"),
        Proof.MINIMUM,
        2,
        "auto",
    )
    assert (sixth.query.goal, sixth.at_least, dict(sixth.query.item_costs)) == (Goal.SUFFICIENT, 1, {"film-0": 2.5})
    assert [e.at_least for e in found if e.status is Status.IMPOSSIBLE] == [math.inf, math.inf]
    assert (found[6].status, found[6].query.history) == (Status.INVALID, ("film-0", "nothing"))
    assert {e.at for e in found} == {""}


def test_a_table_of_the_schema_before_is_read(tmp_path):
    rows = [json.loads(line) for line in OLDER.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row |= {"settings": json.dumps(row["settings"])}
        del row["schema"]
    table = pa.Table.from_pylist(rows).replace_schema_metadata({"schema": "topple.explanation/2"})
    pq.write_table(table, tmp_path / "explanations.parquet")
    assert read_explanations(tmp_path) == read_explanations(OLDER)


def test_what_was_read_is_written_in_this_schema(tmp_path):
    found = read_explanations(OLDER)
    write_explanations(found, Catalogue(Vocabulary([f"film-{n}" for n in range(8)])), tmp_path / "new")
    assert pq.read_schema(tmp_path / "new" / "explanations.parquet").metadata[b"schema"] == SCHEMA.encode()
    assert read_explanations(tmp_path / "new" / "explanations.jsonl") == found


def test_item_lists_are_stored_once_and_missed_where_they_are_missing(tmp_path):
    ids = tuple(range(1, 50))
    several = [Explanation(Query((1,), n, candidates=frozenset(ids), k=1), Status.NOT_FOUND) for n in range(2, 9)]
    write_explanations(several, Catalogue(Vocabulary(ids)), tmp_path / "out")
    (kept,) = json.loads((tmp_path / "out" / "item_lists.json").read_text()).values()
    assert kept == list(ids)
    found = read_explanations(tmp_path / "out")
    assert found == several
    assert len({id(explanation.query.candidates) for explanation in found}) == 1, "a set a query would fill the memory"
    (tmp_path / "out" / "item_lists.json").write_text("[1]")
    with pytest.raises(DataError, match=r"is damaged: item_lists\.json beside it holds no lists by name"):
        read_explanations(tmp_path / "out")
    (tmp_path / "out" / "item_lists.json").unlink()
    with pytest.raises(DataError, match=r"does not fit the schema.*is not in item_lists\.json beside it"):
        read_explanations(tmp_path / "out")


def test_no_candidates_are_not_all():
    nothing = Explanation(Query((1,), 2, candidates=frozenset()), Status.INVALID, reason="no candidates")
    assert [again.query.candidates for again in stored(nothing)] == [frozenset(), frozenset()]


def test_other_files_are_refused(tmp_path):
    with pytest.raises(DataNotFoundError, match="is not a file"):
        read_explanations(tmp_path / "none")
    (tmp_path / "x.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(DataError, match="is damaged"):
        read_explanations(tmp_path / "x.parquet")
    for rows in ([1], []):
        pq.write_table(pa.table({"a": pa.array(rows, pa.int64())}), tmp_path / "y.parquet")
        with pytest.raises(DataError, match="has schema None"):
            read_explanations(tmp_path / "y.parquet")
    for text, words in (
        ('{"schema": "topple.explanation/3", "user": 1}', "does not fit the schema"),
        ('{"schema": "topple.explanation/4"}', "has schema 'topple.explanation/4'"),
        ("[1]", "is damaged: '\\[1\\]' is no JSON object"),
        ("{", "is damaged"),
    ):
        (tmp_path / "z.jsonl").write_text(text + "\n")
        with pytest.raises(DataError, match=words):
            read_explanations(tmp_path / "z.jsonl")
