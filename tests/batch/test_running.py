"""A batch answers as `explain` does, whatever the shards, and goes on where it was stopped."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import sparse

import topple
from tests.batch.conftest import canonical, job_of, run_batch, source_of, write_events
from topple.batch import users
from topple.batch.executors import local
from topple.batch.input.matrices import MatrixEvents
from topple.batch.running import Batch
from topple.errors import DataError, ModelFolderError, OutputError, OutputExistsError, QueryError

pytestmark = pytest.mark.usefixtures("inline")


def stored(out):
    return canonical(topple.scan_explanations(out))


def expected(world, histories, **how):
    return canonical(topple.explain(world[1], histories, k=3, progress=False, unknown="drop", **how))


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_the_answers_are_those_of_explain_whatever_the_shards(world, histories, tmp_path, shards):
    events = write_events(histories, tmp_path / "events.parquet")
    found = run_batch(world, tmp_path / "why", events, shards=shards)
    assert found["done"] == found["shards"] == shards
    assert found["users"] == len(histories)
    assert stored(tmp_path / "why") == expected(world, histories)


def test_rows_of_a_user_meet_from_several_files_of_several_kinds(world, histories, tmp_path):
    table = pq.read_table(write_events(histories, tmp_path / "all.parquet"))
    half = table.num_rows // 2
    pq.write_table(table.slice(0, half), tmp_path / "a.parquet")
    lines = ["user,item,weight"] + [
        f"{row['user']},{row['item']},{row['weight']}" for row in table.slice(half).to_pylist()
    ]
    (tmp_path / "b.csv").write_text("\n".join(lines) + "\n")
    run_batch(world, tmp_path / "why", tmp_path / "a.parquet", tmp_path / "b.csv")
    assert stored(tmp_path / "why") == expected(world, histories)


def test_the_users_of_a_model_folder_and_a_csr_file(world, tmp_path):
    split = world[2]
    everyone = split.training_histories() | split.histories() | split.histories(split.validation.users.ids)
    Batch(job_of(world, tmp_path / "why"), world[1], MatrixEvents.of_split(split), shards=4).run()
    assert stored(tmp_path / "why") == expected(world, {user: history for user, history in everyone.items() if history})
    sparse.save_npz(tmp_path / "users.npz", split.train)
    source = MatrixEvents.of_csr(tmp_path / "users.npz", split.catalogue.vocabulary)
    Batch(job_of(world, tmp_path / "csr"), world[1], source, shards=2).run()
    numbered = dict(enumerate(split.training_histories().values()))
    assert stored(tmp_path / "csr") == expected(world, numbered)
    sparse.save_npz(tmp_path / "narrow.npz", split.train[:, :3].tocsr())
    with pytest.raises(DataError, match="has 3 columns, and the catalogue of the model"):
        MatrixEvents.of_csr(tmp_path / "narrow.npz", split.catalogue.vocabulary)


def test_a_model_folder_with_a_log_of_events_keeps_the_repeats(tmp_path):
    draws = np.random.default_rng(0)
    met = [(user, turn, item) for user in range(40) for turn, item in enumerate(draws.integers(12, size=14))]
    rows = [{"user": f"u{user}", "item": f"i{item}", "at": turn} for user, turn, item in met]
    read = topple.read_interactions(pa.Table.from_pylist(rows), timestamp="at", duplicates="keep")
    split = topple.prepare(read, topple.Preparation(held_out_users=3))
    topple.save_model(topple.fit(split, "ease", progress=False), tmp_path / "model", split)
    world = tmp_path / "model", topple.load_model(tmp_path / "model"), split
    some = split.training_histories(limit=5)
    assert any(len({*history}) < len(history) for history in some.values())
    Batch(job_of(world, tmp_path / "why"), world[1], MatrixEvents.of_split(split), shards=2).run()
    answers = topple.scan_explanations(tmp_path / "why").of(*some)
    assert canonical(answers) == expected(world, some)


def test_times_order_the_events_and_weights_are_added_up(world, histories, tmp_path):
    user, history = next(iter(histories.items()))
    rows = [{"user": user, "item": item, "plays": 2.0, "at": f"2026-01-{30 - n:02d}"} for n, item in enumerate(history)]
    pq.write_table(pa.Table.from_pylist([*rows, rows[0] | {"plays": 5.0}]), tmp_path / "events.parquet")
    run_batch(world, tmp_path / "why", tmp_path / "events.parquet", reading_columns={"timestamp": "at"})
    query = next(iter(topple.scan_explanations(tmp_path / "why"))).query
    assert query.history == tuple(reversed(history))
    assert query.weights == (*[2.0] * (len(history) - 1), 7.0)


def test_rows_that_are_no_events_are_set_aside_with_the_reason(world, histories, tmp_path):
    good = pq.read_table(write_events(histories, tmp_path / "good.parquet")).to_pylist()
    user, item = good[0]["user"], good[0]["item"]
    bad = [
        {"user": None, "item": item, "weight": 1.0}, {"user": user, "item": None, "weight": 1.0},
        {"user": user, "item": item, "weight": None}, {"user": user, "item": item, "weight": float("nan")},
        {"user": user, "item": item, "weight": -1.0}, {"user": user, "item": item, "weight": float("inf")},
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist([*bad[:3], *good, *bad[3:]]), tmp_path / "events.parquet")
    found = run_batch(world, tmp_path / "why", tmp_path / "events.parquet")
    assert found["aside"] == {"rows": 6, "users": 0}
    aside = pq.read_table(tmp_path / "why" / "aside" / "input.parquet").to_pylist()
    assert [row["row"] for row in aside] == [1, 2, 3, *range(len(good) + 4, len(good) + 7)]
    assert aside[0]["reason"] == "the user id is missing"
    assert aside[1]["reason"] == "the item id is missing"
    assert {row["reason"] for row in aside[2:]} == {"the weight is missing, no number, or below 0"}
    assert stored(tmp_path / "why") == expected(world, histories)
    pq.write_table(pa.Table.from_pylist(bad), tmp_path / "bad.parquet")
    with pytest.raises(DataError, match="no event to explain: 6 rows were set aside"):
        run_batch(world, tmp_path / "none", tmp_path / "bad.parquet")


def test_rows_of_a_text_table_that_cannot_be_read_are_set_aside(world, tmp_path):
    one, two = world[2].catalogue.vocabulary.ids[:2]
    lines = ["user,item", f"ann,{one}", f"ann,{two},extra", f"ann,{two}", f"\udce4,{one}", ",", f"ann,{one}\udcff"]
    (tmp_path / "events.csv").write_bytes("\n".join(lines).encode(errors="surrogateescape"))
    found = run_batch(world, tmp_path / "why", tmp_path / "events.csv", shards=1)
    assert found["aside"] == {"rows": 4, "users": 0}
    reasons = pq.read_table(tmp_path / "why" / "aside" / "input.parquet").column("reason").to_pylist()
    ragged, item, user = (
        "the row has 3 cells, and the table 2 columns",
        "the item id is missing",
        "the user id is missing",
    )
    assert sorted(reasons) == sorted([ragged, user, item, item])
    assert stored(tmp_path / "why") == expected(world, {"ann": [one, two]})


def test_an_output_that_cannot_be_is_refused_before_any_work(world, histories, tmp_path):
    events = write_events(histories, tmp_path / "events.parquet")
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", ""):
        with pytest.raises(OutputExistsError, match="Choose the path of a folder"):
            run_batch(world, out, events)
    with pytest.raises(OutputError, match="cannot write /proc/topple"):
        run_batch(world, "/proc/topple", events)
    with pytest.raises(OutputError, match="Protocol not known"):
        run_batch(world, "nope://why", events)
    with pytest.raises(QueryError, match="k=30 is not from 1 to 29"):
        run_batch(world, tmp_path / "why", events, asked={"k": 30})


def test_unknown_items_are_left_out_and_the_answer_says_so(world, histories, tmp_path):
    user, history = next(iter(histories.items()))
    histories = {user: topple.History([*history, "no such item"])}
    found = run_batch(world, tmp_path / "why", write_events(histories, tmp_path / "events.parquet"))
    assert found["left_out"] == 1
    assert stored(tmp_path / "why") == expected(world, histories)
    assert "no such item" in next(iter(topple.scan_explanations(tmp_path / "why"))).reason


def test_users_with_repeated_pairs_are_set_aside_unless_it_is_said_what_becomes_of_them(world, tmp_path):
    one, two = world[2].catalogue.vocabulary.ids[:2]
    (tmp_path / "events.csv").write_text(f"user,item\nann,{one}\nann,{one}\nbob,{one}\nbob,{two}\n")
    found = run_batch(world, tmp_path / "why", tmp_path / "events.csv", shards=1)
    assert found["aside"] == {"rows": 0, "users": 1}
    (row,) = pq.read_table(tmp_path / "why" / "aside" / "00000.parquet").to_pylist()
    assert row["user"] == "ann"
    assert "--duplicates" in row["reason"]
    assert stored(tmp_path / "why") == expected(world, {"bob": [one, two]})
    run_batch(world, tmp_path / "counted", tmp_path / "events.csv", reading={"duplicates": "count"})
    assert stored(tmp_path / "counted") == expected(world, {"ann": topple.History([one], [2]), "bob": [one, two]})


def test_what_is_there_is_not_written_over_and_another_batch_is_refused(world, histories, tmp_path):
    events, out = write_events(histories, tmp_path / "events.parquet"), tmp_path / "why"
    run_batch(world, out, events)
    with pytest.raises(OutputExistsError, match="holds a batch of 3 shards, of which 0 are left"):
        run_batch(world, out, events)
    with pytest.raises(OutputExistsError, match=r"asked\.k was 3 and is now 4"):
        run_batch(world, out, events, asked={"k": 4}, resume=True)
    with pytest.raises(OutputExistsError, match="data was"):
        run_batch(world, out, write_events(histories, tmp_path / "other.parquet"), resume=True)
    with pytest.raises(QueryError, match="Give one of them"):
        run_batch(world, out, events, resume=True, overwrite=True)
    other = topple.fit(tiny_other(world), "ease", progress=False)
    with pytest.raises(OutputExistsError, match="model was"):
        Batch(replace(job_of(world, out), fingerprint=other.fingerprint), other, source_of(world, events), resume=True)
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "letters.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"folder of something else \(it holds letters.txt"):
        run_batch(world, tmp_path / "else", events)
    run_batch(world, out, events, overwrite=True, asked={"k": 2})
    assert {each.query.k for each in topple.scan_explanations(out)} == {2}


def tiny_other(world):
    return replace(world[2], train=world[2].train[:, :].multiply(2).tocsr())


def test_a_run_that_is_stopped_goes_on_and_reads_as_far_as_it_is(world, histories, tmp_path, monkeypatch):
    events, out = write_events(histories, tmp_path / "events.parquet"), tmp_path / "why"
    whole, calls = local.explain, []

    def until_killed(job, number):
        calls.append(number)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(job, number)

    monkeypatch.setattr("tests.batch.conftest.explain", until_killed)
    with pytest.raises(KeyboardInterrupt):
        run_batch(world, out, events)
    some = stored(out)
    assert 0 < len(some) < 3 * len(histories)
    (out / ".manifest.json.topple" / "killed").mkdir(parents=True)  # by a kill just after the manifest was there
    run_batch(world, out, events, resume=True)
    assert calls == [0, 1, 1, 2]
    assert stored(out) == expected(world, histories)
    assert not (out / "input").exists()
    assert not [*out.rglob(".*.topple")]


def test_a_worker_with_another_model_refuses(world, histories, tmp_path):
    events = write_events(histories, tmp_path / "events.parquet")
    job = replace(job_of(world, tmp_path / "why"), fingerprint="another")
    with pytest.raises(ModelFolderError, match="another model"):
        Batch(job, world[1], source_of(world, events), shards=3).run()


def test_a_shard_whose_input_is_damaged_fails_and_the_others_do_not(world, histories, tmp_path, monkeypatch):
    events, out = write_events(histories, tmp_path / "events.parquet"), tmp_path / "why"
    whole = local.explain

    def with_damage(job, number):
        if number == 1:
            next((out / "input" / "1" / "events" / "00001").iterdir()).write_bytes(b"no table")
        return whole(job, number)

    monkeypatch.setattr("tests.batch.conftest.explain", with_damage)
    found = run_batch(world, out, events)
    assert found["done"] == 2
    assert [each["shard"] for each in found["failed"]] == [1]
    assert "ArrowInvalid" in found["failed"][0]["failed"]


def test_a_user_who_breaks_what_should_not_break_is_set_aside(world, histories, tmp_path, monkeypatch):
    poisoned, asked = next(iter(histories)), users.asked_about

    def with_poison(recommender, told, **how):
        if poisoned in told:
            raise RuntimeError("planted")
        return asked(recommender, told, **how)

    monkeypatch.setattr(users, "asked_about", with_poison)
    found = run_batch(world, tmp_path / "why", write_events(histories, tmp_path / "events.parquet"))
    assert found["aside"] == {"rows": 0, "users": 1}
    rows = [row for file in (tmp_path / "why" / "aside").glob("0*.parquet") for row in pq.read_table(file).to_pylist()]
    assert rows == [
        {"source": "explain", "row": None, "user": str(poisoned), "item": None, "reason": "RuntimeError: planted"}
    ]
    assert stored(tmp_path / "why") == expected(
        world, {user: one for user, one in histories.items() if user != poisoned}
    )


def test_lists_that_were_shown_and_limits_by_user(world, histories, tmp_path):
    model, some = world[1], dict([*histories.items()][:6])
    lists: dict = {}
    for query in topple.top_k_queries(model, some, k=2):
        lists.setdefault(query.user, []).append(query.target)
    first, second = list(some)[:2]
    gone = {first: [lists[first][0]], second: [lists[second][1]]}
    table = lambda by_user: pa.table(  # noqa: E731
        {
            "user": [str(u) for u, items in by_user.items() for _ in items],
            "item": [i for items in by_user.values() for i in items],
        }
    )
    events = write_events(some, tmp_path / "events.parquet")
    run_batch(world, tmp_path / "shown", events, beside={"shown": table(lists)}, asked={"k": None})
    assert stored(tmp_path / "shown") == canonical(topple.explain(model, some, shown=lists, progress=False))
    run_batch(world, tmp_path / "limited", events, beside={"exclude": table(gone)})
    assert stored(tmp_path / "limited") == expected(world, some, exclude=gone)
    everyone = sorted({item for items in lists.values() for item in items})
    run_batch(world, tmp_path / "shared", events, asked={"exclude": everyone})
    assert stored(tmp_path / "shared") == expected(world, some, exclude=everyone)


def test_no_user_is_named_where_users_are_renamed(world, histories, tmp_path):
    from topple.audit.keys import AuditKeys

    keys = AuditKeys.create(tmp_path / "keys.json")
    named = {f"person-of-name-{user}": history for user, history in histories.items()}
    rows = pq.read_table(write_events(named, tmp_path / "events.parquet")).to_pylist()
    pq.write_table(
        pa.Table.from_pylist([*rows, {"user": "person-of-name-x", "item": None}]), tmp_path / "events.parquet"
    )
    out = tmp_path / "why"
    run_batch(world, out, tmp_path / "events.parquet", pseudonyms=str(tmp_path / "keys.json"))
    assert {each.query.user for each in topple.scan_explanations(out)} == {
        keys.newest.pseudonym(user) for user in named
    }
    for file in out.rglob("*"):
        assert not file.is_file() or b"person-of-name" not in file.read_bytes()
        if file.suffix == ".parquet":
            assert "person-of-name" not in json.dumps(pq.read_table(file).to_pylist())


def test_users_are_in_the_same_shard_whether_they_are_numbers_or_texts():
    from topple.batch.input.sharding import shard_of

    numbers = np.arange(-50, 1000)
    assert shard_of(pa.array(numbers), 16).tolist() == shard_of(pa.array(map(str, numbers)), 16).tolist()
    counts = np.bincount(shard_of(pa.array(numbers), 16), minlength=16)
    assert counts.min() > 30
