import json
import stat
from datetime import UTC, datetime, timedelta

import pytest

import topple
from tests.audit.conftest import CATALOGUE, append, explained
from topple.audit import AuditKeys, AuditStore, writing
from topple.errors import ArgumentError, AuditError, DataError, OutputExistsError, UnknownIdError


@pytest.fixture
def at(monkeypatch):
    """A function that sets the clock of the writer."""

    class Clock(datetime):
        moment = datetime(2026, 1, 1, tzinfo=UTC)

        @classmethod
        def now(cls, tz=None):
            return cls.moment

    monkeypatch.setattr(writing, "datetime", Clock)
    return lambda text: setattr(Clock, "moment", datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_what_is_appended_is_shown(location, keys):
    with AuditStore.open(location, keys) as store:
        ids = append(store, count=3)
        entry = store.show(ids[1])
        assert entry.intact
        assert (entry.number, entry.canonical_json(42)) == (2, topple.canonical_json(explained()))
        assert store.verify(store.head()).ok
    with AuditStore.open(location, keys) as store:
        assert store.show(ids[1]) == entry


def test_appending_nothing_writes_nothing(store):
    assert store.append([], CATALOGUE, user=1, shown=None, agrees=None, sentences=[], language="en") == []
    assert store.append(iter([explained()]), CATALOGUE, user=1, shown=None, agrees=None, sentences=["x"], language="en")


def test_what_is_no_explanation_is_refused(store):
    with pytest.raises(ArgumentError, match=r"an explanation=7 is of type int. Give what explain returned"):
        store.append([7], CATALOGUE, user=1, shown=None, agrees=None, sentences=["x"], language="en")
    with pytest.raises(
        ArgumentError, match=r"keys='x' is of type str. Give what AuditKeys.read or AuditKeys.create returned"
    ):
        AuditStore.open("x", "x")


@pytest.mark.parametrize("name", ["language", "request_id", "scope"])
def test_what_is_no_text_is_refused(store, name):
    with pytest.raises(ArgumentError, match=rf"{name}=7 is of type int. Give a text"):
        append(store, **{name: 7})


def test_an_empty_store_has_a_head_that_is_compared(store):
    head = store.head()
    assert store.verify(head).ok
    append(store)
    assert store.verify(head).ok
    with pytest.raises(DataError, match="is no head of an audit store"):
        store.verify("head")


@pytest.mark.parametrize("id", ["nix", "0" * 20, "' OR 1=1 --", "../../etc/passwd", "%", "", None, 7, ["x"]])
def test_an_id_finds_an_entry_or_nothing(store, id):
    append(store)
    with pytest.raises(UnknownIdError, match=r"unknown entry id .*: there is none in this audit store"):
        store.show(id)


def test_a_scope_sees_what_is_of_it(store):
    (one,), (other,) = append(store, scope="one"), append(store, scope="other")
    assert store.show(one, scope="one").id == one
    assert [entry.id for entry in store.entries(scope="other")] == [other]
    with pytest.raises(UnknownIdError, match="there is none in this audit store"):
        store.show(one, scope="other")
    store.erase(42)
    with pytest.raises(
        UnknownIdError,
        match=r"what the entry '\w+' of \S+ held is gone: it was erased, or deleted; `topple audit verify` tells which",
    ):
        store.show(one)
    with pytest.raises(UnknownIdError, match="there is none in this audit store"):
        store.show(one, scope="one")


def test_entries_are_found_by_user_time_item_and_model(location, keys, at):
    with AuditStore.open(location, keys) as store:
        at("2026-01-01T10:00")
        (first,) = append(store, user=1, answers=[explained(1, target="duel", items=("brazil",))])
        at("2026-01-02T10:00")
        (second,) = append(store, user="1", answers=[explained("1", model="m2")])
        at("2026-01-03T10:00")
        (third,) = append(store, user=None, answers=[explained(None)])

        def found(**asked):
            return [entry.id for entry in store.entries(**asked)]

        assert found() == [first, second, third]
        assert found(newest_first=True, limit=2) == [third, second]
        assert (found(user=1), found(user="1"), found(user=2)) == ([first], [second], [])
        assert (found(model="m2"), found(model="m")) == ([second], [])
        assert (found(item="brazil"), found(item="alien"), found(item="duel")) == ([first], [second, third], [first])
        assert found(since="2026-01-02") == [second, third]
        assert found(since="2026-01-02T10:00", before="2026-01-03T10:00") == [second]
        assert found(before=datetime(2026, 1, 2, tzinfo=UTC), item="brazil", limit=1) == [first]
        assert found(since="2026-01-02T11:30+02:00", limit=1) == [second]
        assert found(limit=0) == []
        assert (store.meant("1"), store.meant("2"), store.meant("x" * 10_000)) == ([1, "1"], [], [])
        with pytest.raises(DataError, match=r"since='yesterday' is no time. Give one such as 2026-01-31"):
            found(since="yesterday")
        with pytest.raises(ArgumentError, match=r"before=7 is of type int. Give a time"):
            found(before=7)


def test_more_entries_than_are_read_at_a_time_are_all_found(store, monkeypatch):
    monkeypatch.setattr("topple.audit.reading.PAGE", 3)
    ids = append(store, count=10)
    assert [entry.id for entry in store.entries()] == ids
    assert [entry.id for entry in store.entries(newest_first=True, limit=7)] == ids[:2:-1]
    assert [entry.id for entry in store.entries(item="nix")] == []


def test_entries_that_are_appended_while_others_are_read(store):
    ids = append(store, count=3)
    reading = store.entries()
    next(reading)
    append(store)
    store.erase(1)
    assert [entry.id for entry in reading][:2] == ids[1:]


def test_what_is_erased_is_gone_and_the_chain_verifies(location, keys, tmp_path):
    with AuditStore.open(location, keys) as store:
        append(store, user=1, count=2)
        (kept,) = append(store, user=2, sentences=["Something else."])
        append(store, user=1, sentences=["A telling sentence."])
        head = store.head()
        assert store.erase(1) == 3
        assert store.erase(1) == 0
        report = store.verify(head)
        assert report.ok
        assert (report.entries, report.erased) == (1, 3)
        assert [entry.id for entry in store.entries()] == [kept]
        pseudonym = keys.newest.pseudonym(1).encode()
        for file in tmp_path.glob(
            "audit.sqlite*"
        ):  # while the store is open, and what is written ahead is not tidied by closing
            data = file.read_bytes()
            assert b"Something else" in data or file.name != "audit.sqlite"
            assert b"telling" not in data
            assert pseudonym not in data


def test_a_user_is_found_and_erased_under_every_key(path, tmp_path):
    keys = AuditKeys.create(tmp_path / "keys")
    with AuditStore.open(path, keys) as store:
        (old,) = append(store, user=1)
    keys = AuditKeys.rotate(tmp_path / "keys")
    with AuditStore.open(path, keys) as store:
        (new,) = append(store, user=1)
        entries = list(store.entries(user=1))
        assert [entry.id for entry in entries] == [old, new]
        assert [entry.user_key for entry in entries] == [key.id for key in keys.keys]
        assert entries[0].user != entries[1].user
        assert store.verify().ok
        assert store.erase(1) == 2
        assert store.verify().ok


def test_a_key_that_is_added_while_a_store_is_open_is_used_at_once(path, tmp_path):
    first = AuditKeys.create(tmp_path / "keys")
    with AuditStore.open(path, AuditKeys.read(tmp_path / "keys")) as store, AuditStore.open(path, first) as other:
        append(store, user=1)
        newest = AuditKeys.rotate(tmp_path / "keys").newest.id
        append(store, user=1)
        assert other.erase(2) == 0
        append(other, user=2)
        assert [entry.user_key for entry in store.entries()] == [first.newest.id, newest, newest]
        assert len(list(store.entries(user=1))) == 2
        assert store.verify(store.head()).ok
        (tmp_path / "keys").unlink()
        append(store, user=1)
        assert store.verify().ok


def test_pruning_by_age_leaves_a_mark_and_a_chain_that_verifies(location, keys, at):
    with AuditStore.open(location, keys) as store:
        for day in range(1, 6):
            at(f"2026-01-0{day}")
            append(store, user=day, count=2)
        store.erase(1)
        at("2026-02-01")
        assert store.prune("2026-01-03") == 4
        assert store.prune("2026-01-03") == 0
        assert [entry.number for entry in store.entries()] == [5, 6, 7, 8, 9, 10]
        report = store.verify()
        assert report.ok
        assert (report.first, report.last, report.entries) == (4, 12, 6)
        assert store.prune(datetime(2026, 1, 5, tzinfo=UTC)) == 4
        assert store.verify(store.head()).ok
        assert store.prune("2100-01-01") > 0
        assert store.verify(store.head()).ok
        append(store)
        assert store.verify(store.head()).ok


def test_a_clock_that_goes_wrong_prunes_no_entry_that_is_younger(store, at):
    for time in ("2026-01-01", "1999-01-01", "2026-01-05", "2050-01-01", "2026-01-06"):
        at(time)
        append(store)
    assert store.verify().ok
    assert store.prune("2026-01-01") == 0
    assert store.prune("2026-01-02") == 2
    assert store.prune("2026-02-01") == 1
    assert [entry.at[:4] for entry in store.entries()] == ["2050", "2026"]


def test_a_store_that_was_changed_is_not_pruned_and_not_written_at_the_end(store, path):
    append(store, count=3)
    change(store, "UPDATE audit_bodies SET body = replace(body, 'Because', 'because') WHERE number = 2")
    with pytest.raises(
        AuditError, match=r"is not pruned, as it is not as it was written: What is stored of number 2 is not"
    ):
        store.prune("2100-01-01")
    change(store, "UPDATE audit_marks SET number = 2 WHERE name = 'end'")
    for call in (lambda: append(store), store.head, lambda: store.erase(42)):
        with pytest.raises(
            AuditError, match="the end of the chain of the audit store is not as it was signed: it was changed"
        ):
            call()
    change(store, "DELETE FROM audit_marks")
    with pytest.raises(AuditError, match="has no mark of the end of its chain: rows were deleted"):
        append(store)


def test_an_entry_that_was_changed_says_so(store):
    one, other = append(store, count=2)
    change(store, "UPDATE audit_bodies SET body = replace(body, 'Because', 'because') WHERE number = 1")
    assert [(entry.id, entry.intact) for entry in store.entries()] == [(one, False), (other, True)]
    change(store, "UPDATE audit_bodies SET scope = 'x' WHERE number = 2")
    assert not store.show(other).intact
    change(store, "UPDATE audit_bodies SET body = '{' WHERE number = 1")
    with pytest.raises(AuditError, match=r"entry '\w+' of the audit store cannot be read: it was changed"):
        store.show(one)


def change(store, statement):
    with store._database.writing() as connection:
        connection.exec_driver_sql(statement)


def test_an_export_is_for_the_owner_alone_and_holds_what_was_asked_for(store, tmp_path):
    append(store, user=1, count=2)
    (id,) = append(store, user=2)
    assert store.export(tmp_path / "two.jsonl", user=2) == 1
    (line,) = (tmp_path / "two.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == json.loads(json.dumps(store.show(id).as_json()))
    assert stat.S_IMODE((tmp_path / "two.jsonl").stat().st_mode) == 0o600
    with pytest.raises(OutputExistsError, match="exists and is left as it is"):
        store.export(tmp_path / "two.jsonl")
    assert store.export(tmp_path / "two.jsonl", overwrite=True) == 3


def test_times_are_written_in_utc_all_of_the_same_length(store):
    before = datetime.now(UTC)
    (id,) = append(store)
    found = store.show(id).at
    assert before <= datetime.fromisoformat(found) <= before + timedelta(minutes=10)
    assert len(found) == len("2026-01-01T00:00:00.000000+00:00")
