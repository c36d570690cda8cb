"""The keys of an audit store: they stand in a file outside the store, several at a time, the newest for new links.

Links and pseudonyms are made with two different keys that follow from one secret, so that neither tells anything of the other.
"""

import hashlib
import hmac
import json
import logging
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from topple.audit.private import writing_privately
from topple.errors import DataError, DataNotFoundError, OutputExistsError
from topple.inputs import json_of, path_of, problem, read_text
from topple.types import FilePath, UserId, plain

logger = logging.getLogger(__name__)

SCHEMA = "topple.audit-keys/1"
SECRET_BYTES = 32
MOST_BYTES = 1_000_000
"""A file of keys is no larger."""
ID = re.compile(r"[0-9a-f]{8}")
GIVE = "Give the file that `topple audit keys` made."


@dataclass(frozen=True, slots=True)
class AuditKey:
    """One key: the name that links carry, when it was made, and the secret."""

    id: str
    made: str
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> "AuditKey":
        """Return a key of random numbers of the operating system."""
        return cls(
            secrets.token_hex(4), datetime.now(UTC).isoformat(timespec="seconds"), secrets.token_bytes(SECRET_BYTES)
        )

    def signed(self, message: bytes) -> str:
        """Return the HMAC-SHA-256 of a link or mark, as 64 hexadecimal digits."""
        return hmac.new(self._derived(b"links"), message, hashlib.sha256).hexdigest()

    def pseudonym(self, user: UserId) -> str:
        """Return what stands for a user: a keyed hash of the id and of whether it is a number or a text."""
        told = json.dumps(plain(user))
        return hmac.new(self._derived(b"pseudonyms"), told.encode(), hashlib.sha256).hexdigest()

    def _derived(self, purpose: bytes) -> bytes:
        return hmac.new(self.secret, b"topple audit: " + purpose, hashlib.sha256).digest()


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """The keys of an audit store, oldest first; new links and pseudonyms take the last, older ones are found and checked with the others.

    Args:
        keys: at least one.
        path: the file that they were read from.
        stamp: tells that file from one that was written later.
    """

    keys: tuple[AuditKey, ...]
    path: Path | None = field(default=None, compare=False, repr=False)
    stamp: tuple[int, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def read(cls, path: FilePath) -> "AuditKeys":
        """Read a file of keys.

        Raises:
            DataNotFoundError: there is none.
            DataError: it holds no keys.
        """
        file = path_of(path)
        wrong = problem(file)
        if wrong:
            raise DataNotFoundError(f"the file of audit keys {file} {wrong}. Make one: topple audit keys {file}")
        try:
            stamp, mode = _stamp(file), file.stat().st_mode
            if file.stat().st_size > MOST_BYTES:
                raise ValueError(f"it has more than {MOST_BYTES:,} bytes")  # noqa: TRY301 # told below with the path
            keys = tuple(map(_key_of, _rows_of(json_of(read_text(file)))))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{file} holds no audit keys of schema {SCHEMA}: {_told(error)}. {GIVE}") from error
        if mode & 0o077:
            logger.warning("the file of audit keys %s may be read by others than its owner: chmod 600", file)
        if len({key.id for key in keys}) < len(keys):
            raise DataError(f"{file} holds two audit keys with the same id. {GIVE}")
        return cls(keys, file.absolute(), stamp)

    @classmethod
    def create(cls, path: FilePath) -> "AuditKeys":
        """Make a file with one new key, which only the owner of the file may read.

        Raises:
            OutputExistsError: something is there.
            OutputError: it cannot be written.
        """
        made = cls((AuditKey.new(),))
        try:
            made._write(path_of(path), overwrite=False)
            return cls.read(path)
        except OutputExistsError as error:
            raise OutputExistsError(
                f"{path} exists and is left as it is: links that were signed with lost keys cannot be checked any more. "
                "Add a key to the file (`topple audit keys FILE --rotate`, in Python AuditKeys.rotate), or choose another path."
            ) from error

    @classmethod
    def rotate(cls, path: FilePath) -> "AuditKeys":
        """Add a new key to a file of keys, and return them all; the older ones stay, as older links are checked with them.

        Raises:
            DataNotFoundError, DataError: there is no such file.
            OutputError: it cannot be written.
        """
        keys = cls((*cls.read(path).keys, AuditKey.new()))
        keys._write(path_of(path), overwrite=True)
        return cls.read(path)

    def current(self) -> "AuditKeys":
        """Return these keys, or those of the file that they were read from, where that was changed since; it is looked at only."""
        if self.path is None:
            return self
        try:
            return self if _stamp(self.path) == self.stamp else AuditKeys.read(self.path)
        except (OSError, DataError) as error:  # the file is being moved, or is gone: what was read is still right
            logger.warning("the file of audit keys %s cannot be read again: %s", self.path, error)
            return self

    @property
    def newest(self) -> AuditKey:
        """The key of new links."""
        return self.keys[-1]

    def find(self, name: object) -> AuditKey | None:
        """Return a key by id; None where it is not here."""
        return next((key for key in self.keys if key.id == name), None)

    def position(self, name: object) -> int:
        """Return how many keys are older than a key; -1 for one that is not here."""
        return next((number for number, key in enumerate(self.keys) if key.id == name), -1)

    def pseudonyms(self, user: UserId) -> list[str]:
        """Return what stands for a user under each key."""
        return [key.pseudonym(user) for key in self.keys]

    def _write(self, path: Path, *, overwrite: bool) -> None:
        rows = [{"id": key.id, "made": key.made, "secret": key.secret.hex()} for key in self.keys]
        text = json.dumps({"schema": SCHEMA, "keys": rows}, indent=2) + "\n"
        with writing_privately(path, overwrite=overwrite) as file:
            file.write(text)


def _stamp(file: Path) -> tuple[int, ...]:
    """Return what differs between a file and one that was put in its stead."""
    found = file.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _rows_of(stored: Any) -> list[Any]:
    if not isinstance(stored, dict) or stored.get("schema") != SCHEMA:
        raise ValueError("the schema is another")
    if not isinstance(stored["keys"], list) or not stored["keys"]:
        raise ValueError("there is no key in it")
    rows: list[Any] = stored["keys"]
    return rows


def _key_of(row: Any) -> AuditKey:
    secret = bytes.fromhex(row["secret"])
    if len(secret) != SECRET_BYTES or not ID.fullmatch(row["id"]) or not isinstance(row["made"], str):
        raise ValueError("a key is not whole")
    return AuditKey(row["id"], row["made"], secret)


def _told(error: Exception) -> str:
    """Return what is wrong, without the values that were read: they may be secrets."""
    return "a key is not whole" if isinstance(error, KeyError | TypeError) else str(error)
