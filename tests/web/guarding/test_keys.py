"""A file of keys holds no key, and is told of what is wrong with it."""

import json
import stat

import pytest

from topple.errors import DataError, SettingsError
from topple.web.guarding.keys import ApiKeys, add_key, digest_of, read_keys, remove_key


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys.json"


def test_a_key_is_stored_as_a_hash_for_the_owner_alone(file):
    key = add_key(file, "shop", ["explain"])
    assert key.split(".")[2] not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (stored,) = read_keys(file)
    assert (stored.digest, stored.scopes) == (digest_of(key), ("explain",))
    assert ApiKeys(file).find(key) == stored
    assert ApiKeys(file).find(key + "x") is None


@pytest.mark.parametrize(("name", "scopes", "told"), [
    ("", ["explain"], "no name"), ("a/b", ["explain"], "no name"), ("a.b", ["explain"], "no name"), ("x" * 65, ["explain"], "no name"),
    ("shop", ["root"], "root"), ("shop", [], "one of"),
])  # fmt: skip
def test_a_key_that_cannot_be_is_refused(file, name, scopes, told):
    with pytest.raises(SettingsError, match=told):
        add_key(file, name, scopes)
    assert not file.exists()


def test_a_name_is_given_once_and_only_a_key_that_is_there_is_removed(file):
    add_key(file, "shop", ["explain"])
    with pytest.raises(SettingsError, match="has a key shop already"):
        add_key(file, "shop", ["explain"])
    with pytest.raises(SettingsError, match=r"no key 'other'.*shop"):
        remove_key(file, "other")
    remove_key(file, "shop")
    assert read_keys(file) == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format": "x"}', '{"format": "topple.keys/1", "keys": [{"name": 1}]}', "null"]
)
def test_a_file_of_something_else_is_refused(file, content):
    file.write_text(content)
    with pytest.raises(DataError, match=r"keys\.json holds no API keys"):
        ApiKeys(file)


def test_a_key_is_not_added_to_what_is_no_file_of_keys(tmp_path):
    for file, told in ((tmp_path, "not a file but a folder"), (tmp_path / ("a" * 300), "File name too long")):
        with pytest.raises(DataError, match=told):
            add_key(file, "web", ["explain"])
    assert not [*tmp_path.iterdir()]


def test_a_file_that_is_missing_says_how_it_is_made(file):
    with pytest.raises(DataError, match="topple keys add"):
        ApiKeys(file)


def test_an_unknown_scope_in_a_file_is_refused(file):
    add_key(file, "shop", ["explain"])
    stored = json.loads(file.read_text())
    stored["keys"][0]["scopes"] = ["everything"]
    file.write_text(json.dumps(stored))
    with pytest.raises(DataError, match="everything"):
        read_keys(file)
