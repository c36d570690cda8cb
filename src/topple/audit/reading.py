"""Reads marks, links and entries of a store, each entry held against the link that signs it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from topple.audit import chain
from topple.audit.chain import Link, Mark
from topple.audit.database import Database
from topple.audit.entries import Entry, column_text, columns_of, entry_of
from topple.audit.keys import AuditKeys
from topple.audit.tables import BODIES, LINKS, MARKS
from topple.errors import AuditError, DataError, UnknownIdError, need, shown
from topple.inputs import json_of
from topple.types import Id, ItemId, UserId, ids_meant, plain

PAGE = 500
"""Entries that are read at a time."""
CHECK = "Find what was changed with `topple audit verify`, and restore a copy."
_BEFORE = LINKS.alias("before")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entries are read; None for no condition."""

    pseudonyms: tuple[str, ...] | None = None
    since: str | None = None
    before: str | None = None
    item: ItemId | None = None
    model: str | None = None
    scope: str | None = None
    newest_first: bool = False
    limit: int | None = None

    @classmethod
    def of(
        cls,
        keys: AuditKeys,
        *,
        user: UserId | None,
        since: datetime | str | None,
        before: datetime | str | None,
        item: ItemId | None,
        model: str | None,
        scope: str | None,
        newest_first: bool,
        limit: int | None,
    ) -> Self:
        """Return the choice of conditions as a person gives them."""
        need(limit, int | None, "limit", "a whole number, or None for all")
        return cls(
            None if user is None else tuple(keys.pseudonyms(user)),
            None if since is None else time_of(since, "since"),
            None if before is None else time_of(before, "before"),
            plain(item), model, scope, newest_first, limit,
        )  # fmt: skip

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return the conditions that a database can check."""
        found: list[sa.ColumnElement[bool]] = [LINKS.c.kind == chain.GIVEN]
        if self.pseudonyms is not None:
            found.append(BODIES.c.pseudonym.in_(self.pseudonyms))
        if self.since is not None:
            found.append(LINKS.c.at >= self.since)
        if self.before is not None:
            found.append(LINKS.c.at < self.before)
        if self.model is not None:
            found.append(BODIES.c.model == column_text(self.model))
        if self.scope is not None:
            found.append(BODIES.c.scope == column_text(self.scope))
        return found

    def accepts(self, entry: Entry) -> bool:
        """Return whether the conditions hold that a database cannot check."""
        return self.item is None or any(_is_same(self.item, item) for item in (entry.target, *entry.items))


def each(database: Database, keys: AuditKeys, choice: Choice) -> Iterator[Entry]:
    """Yield entries, read page by page, so that a long reading keeps no transaction open."""
    last, left = None, choice.limit
    while left is None or left > 0:
        with database.reading() as connection:
            rows = _rows(connection, choice, last)
            marks = marks_of(connection) if rows else {}
        for row in rows:
            entry = _entry(row, keys, marks)
            if choice.accepts(entry):
                yield entry
                left = None if left is None else left - 1
                if left == 0:
                    return
        if len(rows) < PAGE:
            return
        last = rows[-1].number


def one(connection: Connection, keys: AuditKeys, id: str, scope: str | None) -> Entry:
    """Return an entry by id.

    Raises:
        UnknownIdError: there is none in the scope.
    """
    found = (
        connection.execute(_select().where(LINKS.c.id == str(id), LINKS.c.kind == chain.GIVEN)).all()
        if _is_id(id)
        else []
    )
    if found and found[0].body is None and scope is None:
        raise UnknownIdError(
            f"what the entry {shown(id)} of {found[0].at} held is gone: it was erased, or deleted; `topple audit verify` tells which."
        )
    visible = [row for row in found if row.body is not None and (scope is None or row.scope == column_text(scope))]
    if not visible:
        raise UnknownIdError(
            f"unknown entry id {shown(id)}: there is none in this audit store. `topple audit list` lists ids."
        )
    return _entry(visible[0], keys, marks_of(connection))


def marks_of(connection: Connection) -> dict[str, Mark]:
    """Return the marks of a store by name, as they are stored."""
    return {row.name: Mark(*row) for row in connection.execute(sa.select(MARKS))}


def meant(connection: Connection, keys: AuditKeys, text: str) -> list[UserId]:
    """Return the user ids that a text may mean, a number or the text, of which there are entries."""
    return [
        user
        for user in ids_meant(text)
        if connection.execute(
            sa.select(BODIES.c.number).where(BODIES.c.pseudonym.in_(keys.pseudonyms(user))).limit(1)
        ).first()
    ]


def end_of(connection: Connection, keys: AuditKeys) -> Mark:
    """Return the mark of the last link.

    Raises:
        AuditError: it is not as it was signed, or was signed with a key that is not here.
    """
    end = marks_of(connection).get(chain.END)
    if end is None:
        raise AuditError(f"the audit store has no mark of the end of its chain: rows were deleted. {CHECK}")
    if keys.find(end.key) is None:
        raise AuditError(
            f"the audit store was last written with the key {shown(end.key)}, which is not in the file of keys: "
            f"{', '.join(key.id for key in keys.keys)}. "
            "Give the keys of this store, older ones too."
        )
    if not chain.mark_holds(end, keys):
        raise AuditError(f"the end of the chain of the audit store is not as it was signed: it was changed. {CHECK}")
    return end


def time_of(value: datetime | str, name: str) -> str:
    """Return a time as the store writes it.

    Raises:
        DataError: it is none.
    """
    need(value, (str, datetime), name, "a time, such as 2026-01-31 or 2026-01-31T12:00")
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        return written(found if found.tzinfo is not None else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise DataError(
            f"{name}={shown(value)} is no time. Give one such as 2026-01-31 or 2026-01-31T12:00 (UTC)."
        ) from error


def written(at: datetime) -> str:
    """Return a time in UTC, all of the same length, so that texts are in the order of times."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _select() -> Any:
    """Return what reads links with bodies, and the signature of the link before."""
    joined = LINKS.outerjoin(BODIES, BODIES.c.number == LINKS.c.number).outerjoin(
        _BEFORE, _BEFORE.c.number == LINKS.c.number - 1
    )
    return sa.select(
        *LINKS.c, BODIES.c.salt, BODIES.c.body, BODIES.c.pseudonym, BODIES.c.scope, BODIES.c.model, _BEFORE.c.mac.label("mac_before")
    ).select_from(joined)  # fmt: skip


def _rows(connection: Connection, choice: Choice, last: int | None) -> list[Row[Any]]:
    """Return the next page after a number."""
    query = _select().where(BODIES.c.body.is_not(None), *choice.conditions())
    if last is not None:
        query = query.where(LINKS.c.number < last if choice.newest_first else LINKS.c.number > last)
    order = LINKS.c.number.desc() if choice.newest_first else LINKS.c.number
    return list(connection.execute(query.order_by(order).limit(PAGE)).all())


def _entry(row: Row[Any], keys: AuditKeys, marks: dict[str, Mark]) -> Entry:
    """Return the entry of a row.

    Raises:
        AuditError: it cannot be read.
    """
    link = Link(row.number, row.id, row.kind, row.at, row.key, row.commitment, row.mac)
    try:
        body = json_of(row.body)
        start = marks.get(chain.START)
        before = start.mac if start is not None and start.number == link.number - 1 else row.mac_before
        intact = (
            start is not None
            and chain.same(chain.commitment(row.salt, row.body), link.commitment)
            and chain.link_holds(link, before, start.store, keys)
            and all(getattr(row, column) == value for column, value in columns_of(body).items())
        )
        return entry_of(link, body, intact=intact)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AuditError(
            f"entry {shown(link.id)} of the audit store cannot be read: it was changed. {CHECK}"
        ) from error


def _is_id(id: object) -> bool:
    return isinstance(id, str) and len(id) == 2 * chain.ID_BYTES and set(id) <= set("0123456789abcdef")


def _is_same(one: Id, other: object) -> bool:
    """Return whether two item ids are written the same: a catalogue holds numbers or texts, and a person types either."""
    return not isinstance(other, bool) and str(one) == str(other)
