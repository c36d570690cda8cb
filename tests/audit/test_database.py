"""Writers that are killed, writers at the same time, a server that is stopped; and what is no location of a store."""

import itertools
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.audit.conftest import append
from topple.audit import AuditKeys, AuditStore, database
from topple.errors import AuditError, CapabilityError, DataNotFoundError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KILLS = {"sqlite": 50, "postgresql": 10}


def python(script, *arguments):
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, str(HERE / script), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=ROOT, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip


def told(process):
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    return json.loads(out)


@pytest.mark.parametrize("kind", KILLS)
def test_a_store_whose_writer_is_killed_holds_every_acknowledged_entry(kind, tmp_path, request):
    address = [request.getfixturevalue("database")] if kind == "postgresql" else []
    found = told(python("killed.py", tmp_path, KILLS[kind], *address))
    assert (found["lost"], found["wrong"], found["kills"]) == ([], [], KILLS[kind])
    assert found["acknowledged"] > KILLS[kind], "the writers wrote nothing, and the kills show nothing"


def test_two_processes_write_one_unbroken_chain(location, tmp_path):
    keys = AuditKeys.create(tmp_path / "keys")
    writers = [python("writer.py", location, tmp_path / "keys", 40, name) for name in ("one", "other")]
    ids = [told(writer) for writer in writers]
    with AuditStore.open(location, keys, create=False) as store:
        entries = list(store.entries())
        report = store.verify(store.head())
    assert report.ok, report.problems
    assert sorted(entry.id for entry in entries) == sorted(ids[0] + ids[1])
    assert [entry.number for entry in entries] == list(range(1, 161))
    turns = sum(one.scope != next_.scope for one, next_ in itertools.pairwise(entries))
    assert turns > 0, "one process wrote after the other, and the test shows nothing"


def test_threads_write_one_unbroken_chain(location, tmp_path):
    with AuditStore.open(location, AuditKeys.create(tmp_path / "keys")) as store:
        threads = [threading.Thread(target=lambda: [append(store) for _ in range(10)]) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.verify().ok
        assert [entry.number for entry in store.entries()] == list(range(1, 61))


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_is_stopped_and_started_again(server, database, keys, mode):
    with AuditStore.open(database, keys) as store:
        first = append(store)
        head = store.head()
        server.stop(mode)
        try:
            with pytest.raises(
                AuditError,
                match=r"^the audit store postgresql\+psycopg://topple@/audit\d+\?host=\S+ cannot be written: .*Nothing of this",
            ):
                append(store)
            with pytest.raises(AuditError, match="cannot be read"):
                store.verify()
            with pytest.raises(AuditError, match="cannot be read"):
                AuditStore.open(database, keys)
        finally:
            server.start()
        second = append(store)
        server.stop(mode)
        server.start()
        second += append(store)  # a connection of before is not used
        assert [entry.id for entry in store.entries()] == first + second
        assert store.verify(head).ok


def test_a_failed_append_stores_nothing(store, monkeypatch):
    append(store)
    real = database.sa.insert

    def failing(table):
        if table.name == "audit_bodies":
            raise sqlite3.OperationalError("disk I/O error")
        return real(table)

    monkeypatch.setattr(database.sa, "insert", failing)
    with pytest.raises(
        AuditError, match=r"cannot be written: disk I/O error. Nothing of this call was stored or changed"
    ):
        append(store)
    monkeypatch.undo()
    assert store.verify().last == 1
    append(store)
    assert store.verify().ok


def test_a_store_that_another_process_keeps_locked_is_told_after_a_while(path, keys, monkeypatch):
    monkeypatch.setattr(database, "WAITED_SECONDS", 0.1)
    with AuditStore.open(path, keys) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(AuditError, match="cannot be written: database is locked"):
            append(store)
        assert store.verify().ok, "a reader waits for no writer"
        other.execute("ROLLBACK")
        append(store)


def test_commits_reach_the_disk_and_what_is_deleted_is_overwritten(store):
    with store._database.reading() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete")
        ]
    assert found == ["wal", 2, 1]


def test_commits_to_a_server_reach_the_disk_whatever_its_setting(server, database, keys):
    import psycopg

    with psycopg.connect(f"host={server.folder} user=topple dbname=postgres", autocommit=True) as connection:
        connection.execute(
            f"ALTER DATABASE {database.partition('@/')[2].partition('?')[0]} SET synchronous_commit = off"
        )
    with AuditStore.open(database, keys) as store, store._database.reading() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_a_store_is_for_the_owner_alone(store, path):
    append(store)
    assert [stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()] == [0o600] * 3


@pytest.mark.parametrize(
    ("location", "match"),
    [
        ("mysql://root@localhost/x", "'mysql' is no database that an audit store can be in"),
        ("sqlite://", "is no file, and an audit store of SQLite is one"),
        ("sqlite:///:memory:", "is no file, and an audit store of SQLite is one"),
        ("sqlite:///x.sqlite?mode=ro&uri=true", "is no file, and an audit store of SQLite is one"),
        ("://", "the address of the audit store cannot be read. Give the path of an SQLite file, sqlite:///FILE, or"),
        ("a\0b", "holds a zero character"),
        (".", "is not a file but a folder"),
    ],
)
def test_what_is_no_location_is_refused(location, match, keys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AuditError, match=match):
        AuditStore.open(location, keys)
    assert not [file for file in tmp_path.iterdir() if file.name != "keys"]


def test_where_no_store_is_to_be_made_none_is(tmp_path, keys):
    with pytest.raises(
        DataNotFoundError, match=r"nix.sqlite is not a file: nothing is there. Give the path of an SQLite file"
    ):
        AuditStore.open(tmp_path / "nix.sqlite", keys, create=False)
    assert not (tmp_path / "nix.sqlite").exists()


def test_a_database_of_something_else_is_left_as_it_is(tmp_path, keys):
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as connection:
        connection.execute("CREATE TABLE orders (number INTEGER)")
    before = (tmp_path / "other.sqlite").read_bytes()
    for create in (True, False):
        with pytest.raises(
            AuditError, match=r"is a database of something else: it has the table 'orders'. Choose another path"
        ):
            AuditStore.open(tmp_path / "other.sqlite", keys, create=create)
    assert (tmp_path / "other.sqlite").read_bytes() == before


def test_a_database_of_a_server_is_shared_with_other_tables(database, keys, server):
    import psycopg

    name = database.partition("@/")[2].partition("?")[0]
    with psycopg.connect(f"host={server.folder} user=topple dbname={name}", autocommit=True) as connection:
        connection.execute("CREATE TABLE orders (number INTEGER)")
    with pytest.raises(AuditError, match=r"there is no audit store in .*: it has no tables of one"):
        AuditStore.open(database, keys, create=False)
    with AuditStore.open(database, keys) as store:
        append(store)
        assert store.verify().ok


def test_no_message_holds_a_password(keys):
    with pytest.raises(AuditError, match=r"topple:\*\*\*@127.0.0.1:1/x cannot be read") as raised:
        AuditStore.open("postgresql://topple:hunter2@127.0.0.1:1/x", keys)
    assert "hunter2" not in str(raised.value)


def test_without_the_driver_the_extra_is_named(keys, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(
        CapabilityError,
        match=r"needs psycopg, which is not installed. Install it: pip install 'topple-recsys\[postgres\]'",
    ):
        AuditStore.open("postgresql://topple@127.0.0.1:1/x", keys)
