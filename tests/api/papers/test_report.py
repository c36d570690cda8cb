import json
import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import topple
from tests.api.papers.folders import every_ending, odd_recommender, written
from topple import Status
from topple.errors import DataError, DataNotFoundError, SettingsError
from topple.records.io import LINES, OLDER, TABLE
from topple.testing import film_recommender


def figures(report):
    return {each.name: each for each in report.figures}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return topple.report(written(tmp_path_factory.mktemp("report") / "out"))


def test_every_figure_has_a_denominator_and_a_rule(found):
    for each in found.figures:
        assert each.what, each.name
        assert each.rule.endswith("."), each.name
        assert each.count is None or 0 <= each.count <= each.of
        assert each.count is None or each.value == (
            each.count / each.of if each.of else pytest.approx(math.nan, nan_ok=True)
        )


def test_the_figures_of_every_ending_are_counted_by_hand(found):
    told = {name: (each.count, each.of) for name, each in figures(found).items() if each.count is not None}
    # six of the toy world (minimum, one a whole history), then: not found, budget spent, refuted, impossible, whole history, three invalid
    assert told["coverage"] == (6, 11)
    assert told["validity"] == (5, 11)
    assert told["minimum"] == (5, 5)
    assert told["share_whole_history"] == (2, 11)
    assert told["impossible"] == (1, 11)
    assert told["on_no_history"] == (2, 12)  # the impossible one, and the one without evidence
    assert told["users_explained"] == (3, 6)
    asked = found.numbers["asked"]
    assert (asked["rows"], asked["queries"], asked["invalid"], asked["users"]) == (14, 11, 3, 6)


def test_every_valid_query_is_in_one_ending(found):
    assert sum(each["queries"] for each in found.numbers["ended"]) == found.numbers["asked"]["queries"]
    assert {each["name"]: each["queries"] for each in found.numbers["ended"]} == {
        "minimum": 5, "minimal": 0, "valid": 0, "whole_history": 2, "refuted": 1, "not_found": 1, "budget_spent": 1, "impossible": 1,
    }  # fmt: skip


def test_users_without_a_true_set_are_told_with_reasons_that_are_grouped(found):
    told = found.numbers["without"]
    assert (told["users"], told["of"]) == (3, 6)
    assert told["first"] == ["4", "5", "6"]
    reasons = {each["reason"]: (each["users"], each["queries"]) for each in told["reasons"]}
    assert reasons["target_item=… is at rank …, not in the top …: there is nothing to topple"] == (1, 2)
    assert reasons["the set is the whole history"] == (1, 1)
    assert sum(queries for _, queries in reasons.values()) == 8


def test_what_hangs_on_nobodys_history_is_listed_only_where_it_does_so_in_every_case(tmp_path):
    always = [each for each in every_ending() if each.query.user == 5 and each.status is not Status.FOUND]
    nobody = topple.report(written(tmp_path / "always", always)).numbers["recommended"]["on_no_history"]
    assert [(each["item"], each["queries"], each["on_no_history"]) for each in nobody] == [("gattaca", 2, 2)]
    assert not topple.report(written(tmp_path / "all")).numbers["recommended"]["on_no_history"]


def test_a_set_that_the_query_does_not_allow_says_nothing_of_histories(tmp_path):
    impossible = next(each for each in every_ending() if each.status is Status.IMPOSSIBLE)
    limited = replace(impossible, query=replace(impossible.query, largest=1))
    told = figures(topple.report(written(tmp_path / "out", [impossible, limited])))
    assert (told["impossible"].count, told["on_no_history"].count) == (2, 1)


def test_the_figures_are_those_of_evaluate(tmp_path):
    model = film_recommender()
    people = dict(enumerate([["alien", "brazil"], ["duel"], ["gattaca", "evita", "alien"]]))
    explained = topple.explain(model, people, k=2, explainer="greedy", progress=False)
    told = figures(topple.report(written(tmp_path / "out", explained)))
    measured = topple.evaluate(model, explained, progress=False).measurements[topple.CandidateRule.UNSEEN_BEFORE]
    for name in ("coverage", "validity", "mean_size", "share_whole_history"):
        assert told[name].value == pytest.approx(measured[name].value), name
        assert told[name].of == measured[name].denominator, name


def test_named_items_are_counted_once_a_set_and_beside_the_histories_that_hold_them(tmp_path):
    true = [each for each in every_ending() if each.valid and not each.reason.startswith("nothing is left")]
    told = {each["item"]: each for each in topple.report(written(tmp_path / "out", true)).numbers["named"]["items"]}
    for item in {item for each in true for item in each.items}:
        assert told[item]["sets"] == sum(item in each.items for each in true)
        assert told[item]["histories"] == sum(item in each.query.history for each in true)
        assert told[item]["title"] == film_recommender().catalogue.title(item)
    assert list(told) == sorted(told, key=lambda item: -told[item]["sets"])


def test_sets_that_are_kept_or_refuted_are_no_named_items_and_an_item_counts_once_a_history(tmp_path):
    model = film_recommender()
    kept = topple.explain(model, {1: ["alien", "brazil", "duel"]}, k=2, goal="sufficient", progress=False)
    assert any(each.valid for each in kept)
    refuted = next(each for each in every_ending() if each.status is Status.FOUND and not each.valid)
    again = topple.explain(model, {2: ["alien", "brazil", "alien", "duel"]}, k=1, progress=False)
    told = {
        each["item"]: each
        for each in topple.report(written(tmp_path / "out", [*kept, refuted, *again])).numbers["named"]["items"]
    }
    assert set(told) == {*again[0].items}
    assert all((each["sets"], each["histories"]) == (1, 1) for each in told.values())
    assert "alien" in told


def test_parquet_and_json_lines_say_the_same(tmp_path):
    folder = written(tmp_path / "out")
    both = [topple.report(folder / name).as_json() for name in (TABLE, LINES)]
    for each in both:
        del each["made"], each["source"], each["title"]
    assert both[0] == both[1]


def test_parts_of_a_file_are_counted_as_the_whole(tmp_path, monkeypatch):
    folder = written(tmp_path / "out")
    whole = topple.report(folder).as_json()
    monkeypatch.setattr("topple.api.papers.parts.ROWS", 3)
    for name in (TABLE, LINES):
        part = topple.report(folder / name).as_json()
        assert part["figures"] == whole["figures"]
        assert part["named"] == whole["named"]
        assert part["without"] == whole["without"]


def test_classes_of_activity_and_ranks_hold_every_valid_query(found):
    assert sum(each["queries"] for each in found.numbers["activity"]) == 11
    assert [(each["first"], each["last"]) for each in found.numbers["activity"]] == [(1, 1), (2, 4)]
    assert sum(each["queries"] for each in found.numbers["ranks"]) == 11


@pytest.mark.parametrize("kind", ["empty", "invalid"])
def test_folders_without_a_query_that_could_be_asked(tmp_path, kind):
    told = [] if kind == "empty" else [each for each in every_ending() if each.query.user == 6]
    found = topple.report(written(tmp_path / "out", told))
    assert found.numbers["asked"]["queries"] == 0
    assert all(each.of == 0 for each in found.figures if each.name not in ("users_explained", "on_no_history"))
    page = found.page()
    assert "No recommendation of this folder could be asked about" in page
    assert "NaN" not in page
    json.dumps(found.as_json(), allow_nan=False)


def test_an_older_schema_is_read(tmp_path):
    row = json.loads((written(tmp_path / "out") / LINES).read_text().splitlines()[0])
    older = {
        name: value
        for name, value in row.items()
        if name not in ("items", "at_least", "proof_by", "whole_history", "reason")
    }
    older |= {"schema": OLDER, "removed": row["items"], "reason": ""}
    (tmp_path / "old.jsonl").write_text(json.dumps(older) + "\n")
    found = topple.report(tmp_path / "old.jsonl")
    assert figures(found)["minimum"].count == 1
    names = ("removed", "status", "user", "history", "target", "proof", "item_costs", "k", "method", "reason")
    table = pa.Table.from_pylist([{name: older[name] for name in names}])
    pq.write_table(table.replace_schema_metadata({"schema": OLDER}), tmp_path / "old.parquet")
    assert figures(topple.report(tmp_path / "old.parquet"))["minimum"].count == 1


def test_ids_may_be_numbers_or_texts_and_histories_nobodys(tmp_path):
    explained = topple.explain(film_recommender(), ["alien", "brazil"], k=2, progress=False)
    other = topple.explain(film_recommender(), ["duel"], k=2, progress=False)
    found = topple.report(written(tmp_path / "out", [*explained, *other]))
    assert found.numbers["asked"]["users"] == 2  # two histories


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(
        DataNotFoundError, match=r"explanations.parquet is not a file: nothing is there. Give a folder that"
    ):
        topple.report(tmp_path)
    with pytest.raises(DataNotFoundError, match="nothing is there"):
        topple.report(tmp_path / "none")
    with pytest.raises(SettingsError, match="most=0 is not a whole number of at least 1"):
        topple.report(tmp_path, most=0)


@pytest.mark.parametrize("damage", ["cut", "text", "column", "status", "schema", "kind", "none", "utf8"])
def test_damaged_files_are_refused(tmp_path, damage):
    folder = written(tmp_path / "out")
    file, table = folder / TABLE, pq.read_table(folder / TABLE)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-200])
    elif damage == "text":
        file.write_text("no parquet")
    elif damage == "column":
        pq.write_table(table.drop_columns("status"), file)
    elif damage in ("status", "none"):
        at = table.column_names.index("status")
        values = pa.array([None if damage == "none" else "odd"] * len(table), pa.string())
        pq.write_table(table.set_column(at, "status", values), file)
    elif damage == "schema":
        pq.write_table(table.replace_schema_metadata({"schema": "other/9"}), file)
    elif damage == "kind":
        at = table.column_names.index("history")
        pq.write_table(table.set_column(at, "history", pa.array(["x"] * len(table))), file)
    else:
        at = table.column_names.index("reason")
        broken = pa.array([b"\xff\xfe"] * len(table), pa.binary()).view(pa.string())
        pq.write_table(table.set_column(at, "reason", broken), file)
    with pytest.raises(DataError, match=r"is damaged: .*Make it again|has schema 'other/9'"):
        topple.report(folder)


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("{not json", "is damaged"),
        ("[1]", "is no JSON object"),
        ('{"schema": "other/1"}', "has schema 'other/1'"),
        ('{"schema": "topple.explanation/3", "status": 7}', "status is 7, and not of the kind text"),
        ('{"schema": "topple.explanation/3", "status": "lost"}', "status is 'lost', and not one of"),
        (
            '{"schema": "topple.explanation/3", "status": "found", "history": "x"}',
            "history is 'x', and not of the kind",
        ),
        ('{"schema": "topple.explanation/3"}', "status is missing in a row"),
        ('{"schema": "topple.explanation/3", "status": "found", "seconds": 1' + "0" * 400 + "}", "is damaged"),
    ],
)
def test_damaged_lines_are_refused(tmp_path, line, match):
    (tmp_path / "x.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=match):
        topple.report(tmp_path / "x.jsonl")


def test_numbers_that_are_odd_are_counted_without_a_warning(tmp_path):
    one = every_ending()[0]
    odd = [
        replace(one, seconds=math.nan, rank_before=2**62),
        replace(one, query=replace(one.query, k=2**62), status=Status.INVALID),
    ]
    found = topple.report(written(tmp_path / "out", odd))
    assert found.numbers["asked"]["seconds_per_query"] is None
    assert found.numbers["ranks"][0]["and_below"]
    assert "nan" not in found.page()


def test_titles_are_those_of_the_file_and_stay_as_they_are(tmp_path):
    model = odd_recommender()
    found = topple.report(written(tmp_path / "out", recommender=model))
    told = {each["item"]: each["title"] for each in found.numbers["recommended"]["items"]}
    assert all(title == model.catalogue.title(item) for item, title in told.items())


def test_many_rows_take_little_time_and_memory(tmp_path):
    table = pq.read_table(written(tmp_path / "out") / TABLE)
    many = table.take(np.tile(np.arange(len(table)), 3_000))  # 42,000 rows
    pq.write_table(many.replace_schema_metadata(table.schema.metadata), tmp_path / "many.parquet")
    found = figures(topple.report(tmp_path / "many.parquet"))
    assert found["coverage"].of == 11 * 3_000
    assert found["users_explained"].of == 6


def test_the_tables_hold_so_many_rows_and_say_how_many_there_are(tmp_path):
    found = topple.report(written(tmp_path / "out"), most=1)
    assert len(found.numbers["named"]["items"]) == 1 < found.numbers["named"]["of"]
    assert len(found.numbers["without"]["reasons"]) == 1
    assert found.numbers["without"]["more_reasons"] > 0
    assert f"The first 1 of {found.numbers['named']['of']} items" in found.page()


def test_the_report_is_told_in_a_line(found):
    assert (
        repr(found)
        == "<Report on 14 explanations of 6 users: coverage 0.545 of 11, validity 0.455 of 11, mean size 1.167 of 6>"
    )
