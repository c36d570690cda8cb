"""The chain: what is hashed, signed and deposited; pure functions of texts and keys.

A link signs the link before it and a commitment of the body that belongs to it. The commitment is an HMAC of the body under a
random salt: once body and salt are deleted, nothing can be learned from it, and the link still verifies.
"""

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from topple.audit.keys import AuditKey, AuditKeys
from topple.errors import DataError, shown

GIVEN, ERASED, PRUNED = "given", "erased", "pruned"
"""Kinds of links: an explanation that was given; that bodies were erased; that the oldest links were removed."""
START, END = "start", "end"
"""The two marks of a store: after which link the chain begins, and with which it ends."""
HEAD = "topple-audit-head/1"
_HEAD = re.compile(rf"\s*{HEAD}\s+([0-9a-f]{{32}})\s+([0-9]{{1,18}})\s+(\S{{1,40}})\s+([0-9a-f]{{64}})\s*")
ID_BYTES = 10
FIRST = "0" * 64
"""What stands for the signature of a link before the first."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link as it is stored; `mac` signs the rest and the `mac` of the link before."""

    number: int
    id: str
    kind: str
    at: str
    key: str
    commitment: str
    mac: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark as it is stored: the last link that is not in the chain any more, or the last one that is."""

    name: str
    store: str
    number: int
    at: str
    key: str
    mac: str
    signature: str


@dataclass(frozen=True, slots=True)
class Head:
    """What is deposited elsewhere: the last link of a store at one time."""

    store: str
    number: int
    at: str
    mac: str

    def __str__(self) -> str:
        return f"{HEAD} {self.store} {self.number} {self.at} {self.mac}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Return the head that `topple audit head` printed.

        Raises:
            DataError: the text is none.
        """
        found = _HEAD.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise DataError(
                f"{shown(text)} is no head of an audit store. Give the line that `topple audit head` printed: {HEAD}, the store, a "
                "number, a time and 64 hexadecimal digits."
            )
        return cls(found[1], int(found[2]), found[3], found[4])


def new_id() -> str:
    """Return a random id of an entry, 20 hexadecimal digits."""
    return secrets.token_hex(ID_BYTES)


def new_store() -> str:
    """Return a random name of a store, 32 hexadecimal digits."""
    return secrets.token_hex(16)


def new_salt() -> str:
    """Return a random salt, 64 hexadecimal digits."""
    return secrets.token_hex(32)


def commitment(salt: str, body: str) -> str:
    """Return what a link says of a body, as 64 hexadecimal digits; the salt counts as the text that it is, letter by letter.

    Raises:
        AttributeError, ValueError: one of the two is no text.
    """
    return hmac.new(salt.encode(), body.encode(), hashlib.sha256).hexdigest()


def link_mac(key: AuditKey, store: str, before: str, number: int, id: str, kind: str, at: str, committed: str) -> str:
    """Return the signature of a link, as 64 hexadecimal digits; `before` is that of the link before."""
    return key.signed(_message("topple.audit-link/1", store, before, number, id, kind, at, key.id, committed))


def mark(key: AuditKey, name: str, store: str, number: int, at: str, mac: str) -> Mark:
    """Return a signed mark."""
    signature = key.signed(_message("topple.audit-mark/1", name, store, number, at, key.id, mac))
    return Mark(name, store, number, at, key.id, mac, signature)


def link_holds(link: Link, before: str, store: str, keys: AuditKeys) -> bool:
    """Return whether a link is as it was signed."""
    key = keys.find(link.key)
    if key is None:
        return False
    signed = link_mac(key, store, before, link.number, link.id, link.kind, link.at, link.commitment)
    return same(signed, link.mac)


def mark_holds(found: Mark, keys: AuditKeys) -> bool:
    """Return whether a mark is as it was signed."""
    key = keys.find(found.key)
    if key is None:
        return False
    return same(mark(key, found.name, found.store, found.number, found.at, found.mac).signature, found.signature)


def same(one: str, other: Any) -> bool:
    """Return whether two texts of hexadecimal digits are equal; a value of another type is not."""
    return isinstance(other, str) and other.isascii() and hmac.compare_digest(one, other)


def _message(*parts: Any) -> bytes:
    """Return parts as bytes that no other parts give: values of other types than were signed give others too."""
    return json.dumps(parts, separators=(",", ":"), default=repr).encode()
