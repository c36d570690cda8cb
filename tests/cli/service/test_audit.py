import json

import pytest

from tests.audit.conftest import append, explained
from topple import canonical_json
from topple.audit import AuditKeys, AuditStore


@pytest.fixture
def opened(tmp_path, monkeypatch):
    keys = AuditKeys.create(tmp_path / "audit.keys")
    monkeypatch.setenv("TOPPLE_AUDIT_STORE", str(tmp_path / "audit.sqlite"))
    monkeypatch.setenv("TOPPLE_AUDIT_KEYS", str(tmp_path / "audit.keys"))
    with AuditStore.open(tmp_path / "audit.sqlite", keys) as store:
        yield store


def test_entries_are_listed_newest_first_and_titles_stay_text(topple, opened):
    (one,) = append(opened, user=1, answers=[explained(1, target="brazil")])
    (other,) = append(opened, user=2)
    result = topple("audit", "list")
    assert result.exit_code == 0, result.output
    assert result.stdout.index(other) < result.stdout.index(one)
    assert "<b>Brazil</b>\\x1b" in result.stdout
    assert "Der Käfer \\u202e" in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    found = json.loads(topple("audit", "list", "--user", "1", "--json").stdout)["entries"]
    assert [each["id"] for each in found] == [one]
    assert found[0]["titles"][0] == {"item": "brazil", "title": "<b>Brazil</b>\x1b[31m"}
    assert "No entry is like that." in topple("audit", "list", "--user", "3").stdout


def test_an_entry_is_shown_in_words_as_json_and_to_be_compared(topple, opened):
    (id,) = append(
        opened, user=7, answers=[explained(7, target="brazil")], sentences=["[bold]Because[/] \x1b[31m"], scope="shop"
    )
    told = topple("audit", "show", id).stdout
    for text in (id, "[bold]Because[/] \\x1b[31m", "<b>Brazil</b>\\x1b[31m [brazil]", "found, minimum", "shop", "m1"):
        assert text in told
    assert "\x1b" not in told
    assert json.loads(topple("audit", "show", id, "--json").stdout)["scope"] == "shop"
    assert topple("audit", "show", id, "--canonical", "--user", "7").stdout.strip() == canonical_json(
        explained(7, target="brazil")
    )


def test_an_entry_that_was_changed_is_shown_as_such(topple, opened):
    (id,) = append(opened)
    with opened._database.writing() as connection:
        connection.exec_driver_sql("UPDATE audit_bodies SET body = replace(body, 'Because', 'because')")
    result = topple("audit", "show", id)
    assert result.exit_code == 1
    assert "This entry is not as it was signed: it was changed." in result.stdout
    assert "CHANGED" in topple("audit", "list").stdout


def test_a_store_is_verified_against_a_head_that_is_given_as_a_line_or_a_file(topple, opened, tmp_path):
    append(opened, count=2)
    head = topple("audit", "head").stdout
    (tmp_path / "deposited.txt").write_text(head)
    for given in (head.strip(), tmp_path / "deposited.txt"):
        result = topple("audit", "verify", "--head", given)
        assert result.exit_code == 0, result.output
        assert "The deposited head is in the chain: nothing up to number 2 was cut off." in result.stdout
    assert "Without a deposited head nobody can tell" in topple("audit", "verify").stdout
    assert json.loads(topple("audit", "verify", "--json").stdout)["ok"]
    result = topple("audit", "verify", "--head", "nix")
    assert result.exit_code == 2
    assert "is no head of an audit store" in result.stderr


def test_a_store_that_was_changed_fails_the_check(topple, opened):
    append(opened)
    with opened._database.writing() as connection:
        connection.exec_driver_sql("UPDATE audit_links SET kind = 'erased'")
    result = topple("audit", "verify")
    assert result.exit_code == 1
    assert "Link 1 is not as it was signed: it was changed." in result.stdout
    result = topple("audit", "verify", "--json")
    assert (result.exit_code, json.loads(result.stdout)["problems_found"]) == (1, 2)


def test_a_user_is_exported_and_erased(topple, opened, tmp_path):
    append(opened, user=7, count=2)
    append(opened, user="8")
    result = topple("audit", "export", "--user", 7, "--out", tmp_path / "seven.jsonl")
    assert "2 entries written to" in result.stdout
    assert len((tmp_path / "seven.jsonl").read_text().splitlines()) == 2
    result = topple("audit", "erase", "--user", 7)
    assert result.exit_code == 130, "nobody said yes"
    assert len(list(opened.entries(user=7))) == 2
    assert "2 entries of user 7 erased." in topple("audit", "erase", "--user", 7, "--yes").stdout
    assert "0 entries of user '7' erased." in topple("audit", "erase", "--user", 7, "--yes").stdout
    assert [entry.number for entry in opened.entries()] == [3]
    assert topple("audit", "verify").exit_code == 0


def test_a_number_and_a_text_that_are_written_the_same_are_two_users(topple, opened):
    append(opened, user=7)
    append(opened, user="7")
    result = topple("audit", "erase", "--user", "7", "--yes")
    assert result.exit_code == 2
    assert "has entries of the user 7 as a number and as a text. Add --user-kind number or text." in result.stderr
    assert topple("audit", "erase", "--user", "7", "--user-kind", "text", "--yes").exit_code == 0
    assert [entry.number for entry in opened.entries()] == [1]


def test_entries_are_pruned_by_age_and_the_new_head_is_printed(topple, opened):
    append(opened, count=2)
    assert "0 links pruned" in topple("audit", "prune", "--before", "2020-01-01", "--yes").stdout
    assert topple("audit", "prune", "--before", "2100-01-01").exit_code == 130, "nobody said yes"
    result = topple("audit", "prune", "--before", "2100-01-01", "--yes")
    assert "2 links pruned. The head to deposit:" in result.stdout
    assert topple("audit", "verify", "--head", result.stdout.splitlines()[-1]).exit_code == 0
    assert topple("audit", "prune", "--before", "soon", "--yes").exit_code == 2


def test_keys_are_made_and_rotated(topple, tmp_path):
    assert "holds 1 key." in topple("audit", "keys", tmp_path / "new.keys").stdout
    assert topple("audit", "keys", tmp_path / "new.keys").exit_code == 2
    assert "holds 2 keys." in topple("audit", "keys", tmp_path / "new.keys", "--rotate").stdout
    assert len(AuditKeys.read(tmp_path / "new.keys").keys) == 2


@pytest.mark.parametrize("command", ["list", "verify", "head"])
def test_a_store_that_is_not_there_is_not_made(topple, opened, tmp_path, command):
    result = topple("audit", command, "--store", tmp_path / "nix.sqlite")
    assert result.exit_code == 2
    assert "nix.sqlite is not a file: nothing is there" in result.stderr
    assert not (tmp_path / "nix.sqlite").exists()


@pytest.mark.parametrize("id", ["../../etc/passwd", "' OR 1=1 --", "\x1b[31m"])
def test_an_id_finds_an_entry_or_nothing(topple, opened, id):
    append(opened)
    result = topple("audit", "show", id)
    assert result.exit_code == 2
    assert "unknown entry id" in result.stderr
    assert "\x1b[31m" not in result.stderr
