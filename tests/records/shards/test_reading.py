"""The explanations of a batch as people read them."""

import json
from dataclasses import replace

import pandas as pd
import polars as pl
import pytest

import topple
from tests.batch.conftest import inline, run_batch, world, write_events  # noqa: F401 - fixtures
from topple.errors import DataError, DataNotFoundError

pytestmark = pytest.mark.usefixtures("inline")


@pytest.fixture
def out(world, tmp_path):  # noqa: F811
    histories = world[2].training_histories(limit=12)
    run_batch(world, tmp_path / "why", write_events(histories, tmp_path / "events.parquet"))
    return tmp_path / "why"


def test_explanations_are_found_by_user_target_and_named_item(out):
    stored = topple.scan_explanations(out)
    everything = list(stored)
    assert len(stored) == len(everything) == 36
    user, target, item = everything[5].query.user, everything[5].query.target, everything[5].items[0]
    assert stored.of(user) == [each for each in everything if each.query.user == user]
    assert stored.about(target) == [each for each in everything if each.query.target == target]
    assert stored.naming(item) == [each for each in everything if item in each.items]
    assert stored.of("nobody") == []
    assert isinstance(stored.of(user), topple.Explanations)
    assert topple.read_explanations(out) == everything
    assert "36 in 3 files" in repr(stored)


def test_frames_of_arrow_pandas_and_polars(out):
    stored = topple.scan_explanations(out)
    table = stored.arrow(["user", "target", "items"])
    assert table.num_rows == 36
    assert isinstance(stored.pandas(), pd.DataFrame)
    lazy = stored.polars()
    assert isinstance(lazy, pl.LazyFrame)
    assert lazy.filter(pl.col("status") == "found").select("user").collect().height == 36
    with pytest.raises(DataError, match="'sets of items' is no column"):
        stored.arrow(["sets of items"])


def test_only_shards_that_are_whole_are_read(out):
    (out / "done" / "00001.json").unlink()
    some = len(topple.scan_explanations(out))
    assert 0 < some < 36
    manifest = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_text(json.dumps(manifest | {"where": "input/2"}))
    assert len(topple.scan_explanations(out)) == 0


def test_a_result_folder_is_read_the_same_way(world, tmp_path):  # noqa: F811
    model, history = world[1], world[2].training_histories(limit=2)
    explained = topple.explain(model, history, k=3, progress=False)
    topple.write_explanations(explained, model.catalogue, tmp_path / "explained")
    assert list(topple.scan_explanations(tmp_path / "explained")) == topple.read_explanations(tmp_path / "explained")


def test_what_is_no_folder_of_explanations_is_refused(tmp_path):
    with pytest.raises(DataNotFoundError, match="holds no explanations"):
        topple.scan_explanations(tmp_path)
    with pytest.raises(DataNotFoundError, match="topple batch"):
        topple.scan_explanations(tmp_path / "missing")
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(DataError, match="is damaged"):
        topple.scan_explanations(tmp_path)
    (tmp_path / "manifest.json").unlink()


def test_sentences_and_the_report_know_the_titles(world, tmp_path):  # noqa: F811
    split = world[2]
    titled = topple.Catalogue(
        split.catalogue.vocabulary, tuple(f"The {item}" for item in split.catalogue.vocabulary.ids)
    )
    topple.save_model(topple.fit(replace(split, catalogue=titled), "ease", progress=False), tmp_path / "model")
    loaded = topple.load_model(tmp_path / "model")
    histories = split.training_histories(limit=12)
    events = write_events(histories, tmp_path / "events.parquet")
    run_batch((tmp_path / "model", loaded, split), tmp_path / "why", events)
    first = next(iter(topple.scan_explanations(tmp_path / "why")))
    assert f"The {first.query.target}" in topple.sentence(first)
    report = topple.report(tmp_path / "why")
    plain = topple.explain(loaded, histories, k=3, progress=False)
    topple.write_explanations(plain, loaded.catalogue, tmp_path / "explained")
    expected = topple.report(tmp_path / "explained")
    told, others = (
        {each.name: (each.count or 0, each.of, each.value) for each in one.figures} for one in (report, expected)
    )
    assert told.keys() == others.keys()
    assert all(told[name] == pytest.approx(others[name], nan_ok=True) for name in told)
    assert f"The {first.items[0]}" in json.dumps(report.numbers)


def test_duckdb_tells_who_is_shown_what_because_of_an_item(out):
    duckdb = pytest.importorskip("duckdb")
    item = next(iter(topple.scan_explanations(out))).items[0]
    found = duckdb.sql(
        f"""
        SELECT e."user", e.target, i.title
        FROM '{out}/explanations/*.parquet' e JOIN '{out}/items.parquet' i ON i.item = e.target
        WHERE e.proof IS NOT NULL AND list_contains(e.items, $item)
        """,  # noqa: S608 - a path of this test
        params={"item": item},
    ).fetchall()
    assert {(user, target) for user, target, _ in found} == {
        (each.query.user, each.query.target) for each in topple.scan_explanations(out).naming(item)
    }
