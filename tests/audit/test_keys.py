import json
import stat

import pytest

from topple.audit import AuditKeys
from topple.errors import DataError, DataNotFoundError, OutputExistsError


def test_a_file_of_keys_is_for_the_owner_alone_and_is_read_back(tmp_path):
    made = AuditKeys.create(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600
    assert AuditKeys.read(tmp_path / "keys") == made
    assert len(made.newest.secret) == 32


def test_a_new_key_joins_the_others_and_the_file_stays_the_owners(tmp_path):
    first = AuditKeys.create(tmp_path / "keys")
    both = AuditKeys.rotate(tmp_path / "keys")
    assert both.keys[:1] == first.keys
    assert both.newest != first.newest
    assert AuditKeys.read(tmp_path / "keys") == both
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600


def test_keys_are_never_replaced_by_new_ones(tmp_path):
    made = AuditKeys.create(tmp_path / "keys")
    with pytest.raises(
        OutputExistsError, match=r"exists and is left .* Add a key to the file \(`topple audit keys FILE --rotate`"
    ):
        AuditKeys.create(tmp_path / "keys")
    assert AuditKeys.read(tmp_path / "keys") == made


def test_a_pseudonym_depends_on_the_key_the_id_and_the_type_of_the_id(tmp_path):
    one, other = AuditKeys.create(tmp_path / "one").newest, AuditKeys.create(tmp_path / "other").newest
    found = {key.pseudonym(user) for key in (one, other) for user in (7, "7", "a", "ä\ud800")}
    assert len(found) == 8
    assert one.pseudonym(7) == one.pseudonym(7)
    assert one.pseudonym("a") != one.signed(json.dumps("a").encode()), "links and pseudonyms share a key"


def test_nothing_shows_a_secret(tmp_path):
    keys = AuditKeys.create(tmp_path / "keys")
    secret = keys.newest.secret
    assert secret.hex() not in repr(keys)
    assert repr(secret) not in repr(keys)
    (tmp_path / "broken").write_text((tmp_path / "keys").read_text().replace(secret.hex(), secret.hex() + "f"))
    with pytest.raises(DataError) as raised:
        AuditKeys.read(tmp_path / "broken")
    assert secret.hex() not in str(raised.value)


def test_without_a_file_the_command_that_makes_one_is_named(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"is not a file: nothing is there. Make one: topple audit keys .*nix"):
        AuditKeys.read(tmp_path / "nix")


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored | {"schema": "topple.audit-keys/2"},
        lambda stored: stored | {"keys": []},
        lambda stored: stored | {"keys": stored["keys"] * 2},
        lambda stored: stored | {"keys": [{"id": "0" * 8}]},
        lambda stored: stored | {"keys": [stored["keys"][0] | {"secret": "00"}]},
        lambda stored: stored | {"keys": [stored["keys"][0] | {"id": "../.."}]},
        lambda stored: stored | {"keys": 7},
        lambda stored: [stored],
    ],
)
def test_what_is_no_file_of_keys_is_refused(tmp_path, change):
    AuditKeys.create(tmp_path / "keys")
    stored = json.loads((tmp_path / "keys").read_text())
    (tmp_path / "changed").write_text(json.dumps(change(stored)))
    with pytest.raises(DataError, match=r"changed holds .*Give the file that `topple audit keys` made"):
        AuditKeys.read(tmp_path / "changed")


def test_a_file_that_others_may_read_is_told(tmp_path, caplog):
    AuditKeys.create(tmp_path / "keys")
    assert not caplog.records
    (tmp_path / "keys").chmod(0o640)
    AuditKeys.read(tmp_path / "keys")
    assert "may be read by others than its owner: chmod 600" in caplog.text


def test_a_large_file_is_not_read(tmp_path):
    (tmp_path / "large").write_bytes(b" " * 1_000_001)
    with pytest.raises(DataError, match="it has more than 1,000,000 bytes"):
        AuditKeys.read(tmp_path / "large")
