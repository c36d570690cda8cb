"""API keys: a file that holds hashes of them, what each may ask, and how fast."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from topple.errors import DataError, SettingsError, shown
from topple.files import writing
from topple.inputs import MISSING, json_of, path_of, problem
from topple.records.as_json import as_json
from topple.types import FilePath

FORMAT = "topple.keys/1"
PREFIX = "topple"


class Scope(StrEnum):
    """What a key may ask."""

    EXPLAIN = "explain"
    """Lists, scores, explanations, verdicts, measures; models, items and users."""
    WHAT_IF = "what-if"
    """Lists of changed histories."""
    AUDIT = "audit"
    """Reading the audit store."""
    ADMIN = "admin"
    """Loading models anew, and metrics."""


@dataclass(frozen=True)
class ApiKey:
    """A key as it is stored.

    Args:
        name: of who asks with it.
        digest: SHA-256 of the key, which holds 256 random bits.
        scopes: what it may ask.
        rate: requests a second; None for that of the service.
        made: when, UTC.
    """

    name: str
    digest: str
    scopes: tuple[str, ...]
    rate: float | None = None
    made: str = ""


class ApiKeys:
    """The keys of a file, read again when the file changes."""

    def __init__(self, file: FilePath) -> None:
        self.file = path_of(file, "file")
        self._stamp: object = None
        self._keys: Mapping[str, ApiKey] = {}
        self._read()

    def find(self, given: str) -> ApiKey | None:
        """Return the key that a client gives; None where it is none. How long that takes tells nothing of the keys."""
        self._read()
        name = given.split(".")[1] if given.count(".") == 2 else ""
        known = self._keys.get(name)
        stored = known.digest if known is not None else "0" * 64
        return known if hmac.compare_digest(stored, digest_of(given)) and known is not None else None

    def _read(self) -> None:
        try:
            found = self.file.stat()
        except OSError:  # replaced at this moment: the next request sees it
            if self._stamp is None:
                read_keys(self.file)
            return
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp != self._stamp:
            self._keys = {key.name: key for key in read_keys(self.file)}
            self._stamp = stamp


def read_keys(file: FilePath) -> list[ApiKey]:
    """Return the keys of a file.

    Raises:
        DataError: it is none, or damaged.
    """
    wrong = problem(file)
    if wrong:
        raise DataError(f"{file} {wrong}. Make a key with `topple keys add NAME --file {file}`.")
    try:
        stored: Any = json_of(path_of(file, "file").read_text(encoding="utf-8"))
        {FORMAT: None}[stored["format"]]  # another format is a KeyError
        return [ApiKey(**{**each, "scopes": tuple(map(Scope, each["scopes"]))}) for each in stored["keys"]]
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise DataError(f"{file} holds no API keys ({error!r}). Make keys with `topple keys add`.") from error


def add_key(file: FilePath, name: str, scopes: Iterable[str], rate: float | None = None) -> str:
    """Add a key to a file, which is made where there is none, and return the key: it is shown this once and stored nowhere.

    Raises:
        SettingsError: a name that is taken or none, or an unknown scope.
    """
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum() and len(name) <= 64):
        raise SettingsError(f"{shown(name)} is no name of a key. Give at most 64 letters, digits, '-' and '_'.")
    wanted = list(scopes)
    strange = [scope for scope in wanted if scope not in [*Scope]]
    if strange or not wanted:
        raise SettingsError(
            f"scope={shown(strange[0] if strange else '')} is not one of {', '.join(Scope)}. Choose of these."
        )
    keys = [] if problem(path_of(file, "file")) == MISSING else read_keys(file)
    if any(key.name == name for key in keys):
        raise SettingsError(
            f"{file} has a key {name} already. Remove it first with `topple keys remove {name}`, or give another name."
        )
    key = f"{PREFIX}.{name}.{secrets.token_urlsafe(32)}"
    made = datetime.now(UTC).isoformat(timespec="seconds")
    write_keys(file, [*keys, ApiKey(name, digest_of(key), tuple(dict.fromkeys(wanted)), rate, made)])
    return key


def remove_key(file: FilePath, name: str) -> None:
    """Remove a key; the service refuses it from the next request on.

    Raises:
        SettingsError: there is no such key.
    """
    keys = read_keys(file)
    left = [key for key in keys if key.name != name]
    if len(left) == len(keys):
        raise SettingsError(f"{file} has no key {shown(name)}. It has {', '.join(key.name for key in keys) or 'none'}.")
    write_keys(file, left)


def write_keys(file: FilePath, keys: Iterable[ApiKey]) -> None:
    """Write a file of keys, for nobody else to read."""
    stored = {"format": FORMAT, "keys": [asdict(key) for key in keys]}
    with writing(file, overwrite=True) as aside:
        aside.touch(mode=0o600)
        aside.write_text(as_json(stored, indent=2) + "\n", encoding="utf-8")


def digest_of(key: str) -> str:
    """Return the hash of a key; a key holds 256 random bits, so that a slow hash would add nothing."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
