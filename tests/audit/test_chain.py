import pytest

from topple.audit import AuditKeys, chain
from topple.audit.chain import Head
from topple.errors import DataError


def test_a_head_is_read_from_what_is_printed():
    head = Head("0" * 32, 12, "2026-11-26T12:00:00+00:00", "f" * 64)
    assert Head.parse(f"  {head}\n") == head


@pytest.mark.parametrize(
    "text", ["", "nix", "topple-audit-head/1", f"topple-audit-head/2 {'0' * 32} 1 x {'f' * 64}", 7, "\x1b[31m"]
)
def test_what_is_no_head_is_refused(text):
    with pytest.raises(
        DataError, match=r"is no head of an audit store. Give the line that `topple audit head` printed"
    ):
        Head.parse(text)


def test_a_commitment_tells_nothing_without_the_salt_and_depends_on_each_letter():
    salt = chain.new_salt()
    made = chain.commitment(salt, "body")
    assert made != chain.commitment(salt, "bodY")
    assert made != chain.commitment(salt.upper(), "body")
    assert made != chain.commitment(chain.new_salt(), "body")


def test_a_link_holds_only_with_all_that_was_signed(tmp_path):
    keys = AuditKeys.create(tmp_path / "keys")
    signed = ("s" * 32, chain.FIRST, 1, "id", "given", "at", "c" * 64)
    mac = chain.link_mac(keys.newest, *signed)
    for position in range(len(signed)):
        changed = [*signed]
        changed[position] = 2 if position == 2 else signed[position] + "x"
        assert chain.link_mac(keys.newest, *changed) != mac
    assert chain.link_mac(keys.newest, *("s" * 32, chain.FIRST, 1, "i", "dgiven", "at", "c" * 64)) != mac


def test_digits_of_another_type_are_never_the_same():
    assert chain.same("ab", "ab")
    for other in (None, 7, b"ab", "äb", ""):
        assert not chain.same("ab", other)
