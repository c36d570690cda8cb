"""What was changed behind the back of the store is found; by a deposited head, a cut tail and an older copy too."""

# ruff: noqa: S608, S311

import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict

import pytest
import sqlalchemy as sa

from tests.audit.conftest import append, explained
from topple.audit import AuditKeys, AuditStore, chain
from topple.audit.keys import AuditKey
from topple.audit.tables import BODIES, LINKS, MARKS
from topple.audit.verifying import verified
from topple.errors import AuditError

FLIPS = 1_000
TABLES = ("audit_links", "audit_bodies", "audit_marks", "audit_version")


@pytest.fixture
def filled(path, keys):
    """The file of a store of two users, one of them erased, pruned once, written with two keys; nothing is open."""
    with AuditStore.open(path, keys) as store:
        append(store, user=0, count=2)
        append(store, user=1, count=3)
        middle = append(store, user=2, count=2)
        at = store.show(middle[0]).at
    keys = AuditKeys.rotate(path.parents[1] / "keys" / "audit.keys")
    with AuditStore.open(path, keys) as store:
        append(store, user=3, count=3, answers=[explained(3, target=name) for name in ("casino", "duel", "brazil")])
        store.erase(3)
        append(store, user=4, count=2, scope="shop")
        store.prune(at)
        append(store, user=5, count=2)
        assert store.verify(store.head()).ok
    return path


@pytest.fixture
def both(path, filled):
    return AuditKeys.read(path.parents[1] / "keys" / "audit.keys")


def report(path, keys, head=None):
    with AuditStore.open(path, keys, create=False, check=False) as store:
        return store.verify(head)


def found(path, keys):
    """Return whether a check tells that something is wrong."""
    try:
        return not report(path, keys).ok
    except AuditError:
        return True


def change(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(*((statement,) if isinstance(statement, str) else statement))
        connection.commit()


def rows(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def flipped(value, draws):
    """Return a stored value with one bit turned; nothing becomes a text."""
    if value in (None, b""):
        return b"x"
    if isinstance(value, int):
        return value ^ (1 << draws.randrange(40))
    data = bytearray(value)
    data[draws.randrange(len(data))] ^= 1 << draws.randrange(8)
    return bytes(data)


def test_a_store_as_it_was_written_has_nothing_wrong(filled, both):
    told = report(filled, both)
    assert (told.links, told.entries, told.erased, told.first, told.last) == (11, 6, 3, 5, 16)
    assert told.sentences()[0] == "11 links checked: 6 entries, 3 erased; the 5 before them were pruned."
    assert "Without a deposited head nobody can tell whether the end was cut off" in told.sentences()[-1]
    assert "The deposited head is in the chain" in report(filled, both, told.head).sentences()[-1]


def test_a_thousand_flips_in_stored_values_are_found(filled, both):
    draws, missed, kinds = random.Random(13), [], set()
    with closing(sqlite3.connect(filled, isolation_level=None)) as connection:
        columns = [(table, row[1]) for table in TABLES for row in connection.execute(f"PRAGMA table_info({table})")]
        flips = 0
        while flips < FLIPS:
            table, column = draws.choice(columns)
            cells = connection.execute(f"SELECT rowid, CAST({column} AS BLOB), {column} FROM {table}").fetchall()
            row, raw, value = draws.choice(cells)
            new = flipped(value if isinstance(value, int) else raw, draws)
            cast = "?" if isinstance(new, int) else "CAST(? AS TEXT)"
            try:
                connection.execute(f"UPDATE {table} SET {column} = {cast} WHERE rowid = ?", (new, row))
            except sqlite3.IntegrityError:  # another row has that key
                continue
            if not found(filled, both):
                missed.append((table, column, value, new))
            kinds.add((table, column))
            flips += 1
            now = (
                new if column == "number" and table != "audit_marks" else row
            )  # there the key is the number of the row
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, now))
    assert not missed
    assert kinds == set(columns)
    assert not found(filled, both), "what was turned was not turned back"


def test_a_change_of_any_column_is_found_in_each_database(location, keys):
    with AuditStore.open(location, keys) as store:
        append(store, user=1, count=2)
        append(store, user=2)
        store.erase(2)
    with AuditStore.open(location, keys) as store:
        engine = store._database.engine
        for table in (LINKS, BODIES, MARKS):
            for column in table.columns:
                changed = column + 1_000 if column.name == "number" else sa.func.coalesce(column, "") + "x"
                with engine.connect() as connection, connection.begin() as transaction:
                    connection.execute(sa.update(table).values({column: changed}))
                    assert not verified(connection, keys, None).ok, column
                    transaction.rollback()
        assert store.verify().ok


@pytest.mark.parametrize("table", TABLES)
def test_every_deletion_of_a_row_is_found(filled, both, table):
    whole = filled.read_bytes()
    for (row,) in rows(filled, f"SELECT rowid FROM {table}"):
        change(filled, f"DELETE FROM {table} WHERE rowid = {row}")
        assert found(filled, both), row
        filled.write_bytes(whole)
    change(filled, f"DELETE FROM {table}")
    assert found(filled, both)


@pytest.mark.parametrize("number", [6, 8, 11, 12, 16])
def test_an_entry_that_is_deleted_whole_is_found(filled, both, number):
    change(filled, *(f"DELETE FROM {table} WHERE number = {number}" for table in TABLES[:2]))
    assert any("links were deleted" in line or "the end was cut off" in line for line in report(filled, both).problems)


def test_what_was_deleted_without_an_erasure_is_told_from_what_was_erased(filled, both):
    change(filled, "DELETE FROM audit_bodies WHERE number = 12")
    assert report(filled, both).problems == (
        "What was stored of number 12 is missing, and no erasure says so: it was deleted.",
    )


@pytest.mark.parametrize("columns", ["salt, body, pseudonym, scope, model", "body", "salt"])
def test_bodies_that_are_swapped_are_found(filled, both, columns):
    one, other = rows(filled, f"SELECT {columns} FROM audit_bodies WHERE number IN (6, 12) ORDER BY number")
    values = ", ".join(f"{name} = ?" for name in columns.split(", "))
    change(
        filled,
        *(
            (f"UPDATE audit_bodies SET {values} WHERE number = {number}", row)
            for number, row in ((6, other), (12, one))
        ),
    )
    assert len(report(filled, both).problems) == 2


def test_links_that_are_swapped_are_found(filled, both):
    change(
        filled,
        *(
            f"UPDATE audit_{table} SET number = {to} WHERE number = {of}"
            for table in ("links", "bodies")
            for of, to in ((12, 99), (13, 12), (99, 13))
        ),
    )
    assert found(filled, both)


@pytest.mark.parametrize("number", [0, 5, 17, 1_000])
def test_a_row_that_is_added_again_under_another_number_is_found(filled, both, number):
    names = "salt, body, pseudonym, scope, model"
    change(filled, f"INSERT INTO audit_bodies SELECT {number}, {names} FROM audit_bodies WHERE number = 6")
    assert report(filled, both).problems == (
        f"Something is stored under number {number}, which no link signs: it was added.",
    )
    change(
        filled,
        f"INSERT INTO audit_links SELECT {number}, 'x', kind, at, key, commitment, mac FROM audit_links WHERE number = 6",
    )
    assert found(filled, both)


@pytest.mark.parametrize("table", TABLES)
def test_rows_that_are_there_twice_are_found(filled, both, table):
    change(
        filled,
        f"CREATE TABLE copied AS SELECT * FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE copied RENAME TO {table}",
    )
    assert not found(filled, both)
    change(
        filled,
        f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1 OFFSET 1"
        if table != "audit_version"
        else f"INSERT INTO {table} SELECT * FROM {table}",
    )
    assert found(filled, both)


def test_what_was_erased_and_is_put_back_is_found(filled, both, path, keys, tmp_path):
    with AuditStore.open(path, both) as store:
        (id,) = append(store, user=6)
        number = store.show(id).number
    ((*row,),) = rows(path, f"SELECT * FROM audit_bodies WHERE number = {number}")
    with AuditStore.open(path, both) as store:
        assert store.erase(6) == 1
    change(path, ("INSERT INTO audit_bodies VALUES (?, ?, ?, ?, ?, ?)", row))
    assert report(path, both).problems == (
        f"What was stored of number {number} was erased and is there again: an older copy was put back.",
    )


def test_what_was_pruned_and_is_put_back_is_found(path, keys):
    tables = ("audit_links", "audit_bodies", "audit_marks WHERE name = 'start'")
    with AuditStore.open(path, keys) as store:
        append(store, count=3)
    before = {table: rows(path, f"SELECT * FROM {table}") for table in tables}
    with AuditStore.open(path, keys) as store:
        assert store.prune("2100-01-01") == 3
        append(store)
    assert report(path, keys).ok
    change(path, "DELETE FROM audit_marks WHERE name = 'start'")
    for table, found_then in before.items():
        values = ", ".join("?" * len(found_then[0]))
        change(path, *((f"INSERT INTO {table.split()[0]} VALUES ({values})", row) for row in found_then))
    assert report(path, keys).problems == (
        "The links up to 3 were pruned and are there again: an older copy was put back.",
    )


def written_anew(path, key):
    """Write the whole chain again with another key of the same name, as one who has the code and not the keys."""
    with closing(sqlite3.connect(path)) as connection:
        marks = {row[0]: row for row in connection.execute("SELECT * FROM audit_marks")}
        store, before = marks["start"][1], marks["start"][5]
        for number, id, kind, at in connection.execute(
            "SELECT number, id, kind, at FROM audit_links ORDER BY number"
        ).fetchall():
            body = connection.execute("SELECT salt, body FROM audit_bodies WHERE number = ?", (number,)).fetchone()
            committed = chain.commitment(*body) if body else "0" * 64
            before = chain.link_mac(key, store, before, number, id, kind, at, committed)
            connection.execute(
                "UPDATE audit_links SET key = ?, commitment = ?, mac = ? WHERE number = ?",
                (key.id, committed, before, number),
            )
        for name, mac in (("start", marks["start"][5]), ("end", before)):
            made = asdict(chain.mark(key, name, store, marks[name][2], marks[name][3], mac))
            connection.execute(
                f"UPDATE audit_marks SET {', '.join(f'{column} = :{column}' for column in made)} WHERE name = :name",
                made,
            )
        connection.commit()


def test_a_chain_that_is_written_anew_without_the_key_is_found(filled, both):
    change(filled, "UPDATE audit_bodies SET body = replace(body, 'Alien', 'Aliens')")
    key = AuditKey(both.newest.id, both.newest.made, b"\1" * 32)
    written_anew(filled, key)
    assert report(filled, AuditKeys((key,))).ok, "the forger's work is not whole, and the test shows nothing"
    assert found(filled, both)


def test_a_chain_that_is_written_anew_with_the_key_is_found_with_a_deposited_head_alone(filled, both):
    head = report(filled, both).head
    change(filled, "UPDATE audit_bodies SET body = replace(body, 'Alien', 'Aliens')")
    written_anew(filled, both.newest)
    assert report(filled, both).ok
    assert report(filled, both, head).problems == (
        "Link 16 is not the one whose head was deposited: the chain was written anew.",
    )


def test_an_old_key_that_leaked_does_not_do_for_what_came_after_it(filled, both):
    written_anew(filled, both.keys[0])
    assert report(filled, both).ok, "without a deposited head a key that leaked is as good as the newest"
    with AuditStore.open(filled, both) as store:
        append(store)
    assert report(filled, both).ok
    change(filled, "UPDATE audit_links SET kind = kind")
    written_anew(filled, both.newest)
    with closing(sqlite3.connect(filled)) as connection:
        ((number, before),) = connection.execute(
            "SELECT number, mac FROM audit_links ORDER BY number DESC LIMIT 1 OFFSET 1"
        )
        (*link,) = connection.execute(
            "SELECT id, kind, at, commitment FROM audit_links ORDER BY number DESC LIMIT 1"
        ).fetchone()
        store = connection.execute("SELECT store FROM audit_marks").fetchone()[0]
        mac = chain.link_mac(both.keys[0], store, before, number + 1, *link)
        connection.execute(
            "UPDATE audit_links SET key = ?, mac = ? WHERE number = ?", (both.keys[0].id, mac, number + 1)
        )
        connection.commit()
    assert any("signed with a key that had been replaced before" in line for line in report(filled, both).problems)


def test_a_cut_tail_with_the_mark_of_then_is_found_with_a_deposited_head_alone(filled, both):
    then = rows(filled, "SELECT * FROM audit_marks WHERE name = 'end'")[0]
    with AuditStore.open(filled, both) as store:
        append(store, user=6, count=3)
        head = store.head()
    number = then[2]
    cut = (f"DELETE FROM audit_{table} WHERE number > {number}" for table in ("links", "bodies"))
    change(filled, *cut)
    assert report(filled, both).problems == (
        "The chain ends with number 16, and the mark of the end says 19: the end was cut off.",
    )
    change(
        filled,
        "DELETE FROM audit_marks WHERE name = 'end'",
        ("INSERT INTO audit_marks VALUES (?, ?, ?, ?, ?, ?, ?)", then),
    )
    assert report(filled, both).ok
    (problem,) = report(filled, both, head).problems
    assert "The deposited head is of number 19" in problem
    assert "the end was cut off, or this is an older copy" in problem


def test_an_older_copy_is_found_with_a_deposited_head_alone(filled, both, tmp_path):
    shutil.copy(filled, tmp_path / "older.sqlite")
    with AuditStore.open(filled, both) as store:
        append(store, user=6)
        head = store.head()
    assert report(tmp_path / "older.sqlite", both).ok
    assert not report(tmp_path / "older.sqlite", both, head).ok
    assert report(filled, both, head).ok


def test_another_store_of_the_same_keys_is_found_with_a_deposited_head(filled, both, tmp_path):
    head = report(filled, both).head
    with AuditStore.open(tmp_path / "other.sqlite", both) as store:
        append(store, count=20)
        assert store.verify().ok
        assert store.verify(head).problems == ("The deposited head is of another store.",)


def test_a_head_from_before_a_pruning_cannot_be_compared(filled, both):
    with AuditStore.open(filled, both) as store:
        head = store.head()
        append(store, user=7)
        store.prune("2100-01-01")
        (problem,) = store.verify(head).problems
        assert "were pruned since: nothing can be compared. Deposit a new head after each pruning." in problem
        assert store.verify(store.head()).ok


def test_without_a_key_its_links_cannot_be_checked(filled, both):
    told = report(filled, AuditKeys(both.keys[1:]))
    assert any("is not in the file of keys" in line for line in told.problems)
    with pytest.raises(AuditError, match=r"last written with the key '[0-9a-f]{8}', which is not in the file of keys"):
        AuditStore.open(filled, AuditKeys(both.keys[:1]))


def test_a_report_tells_the_first_hundred_problems_and_counts_the_rest(path, keys):
    with AuditStore.open(path, keys) as store:
        append(store, count=150)
    change(path, "UPDATE audit_bodies SET salt = 'x'")
    told = report(path, keys)
    assert (told.found, len(told.problems)) == (150, 100)
    assert told.sentences()[-1] == "... and 50 more."
    assert told.head == ""


def test_a_file_that_is_damaged_is_told(path, keys, filled, both):
    data = bytearray(filled.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    filled.write_bytes(data)
    assert found(filled, both)
    filled.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(AuditError, match="file is not a database"):
        AuditStore.open(filled, both)
