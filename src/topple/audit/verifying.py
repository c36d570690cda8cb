"""Checks a whole store: every link, body and mark, in one pass over one state of the database."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from topple.audit import chain
from topple.audit.chain import Head, Link, Mark
from topple.audit.entries import columns_of, entry_of
from topple.audit.keys import AuditKeys
from topple.audit.report import AuditReport
from topple.audit.tables import BODIES, LINKS, MARKS
from topple.audit.writing import ERASURE, PRUNING
from topple.errors import shown
from topple.inputs import json_of

MOST_TOLD = 100
"""Problems that a report tells at most."""
TOGETHER = 1_000
"""Links that are read at a time."""


def verified(connection: Connection, keys: AuditKeys, head: Head | None) -> AuditReport:
    """Return what is not as it was written.

    Args:
        connection: sees one state of the store.
        keys: of the store.
        head: what was deposited; None for nothing.
    """
    check = _Check(keys, head)
    try:
        marks = _marks(connection, check)
        if marks is not None:
            start, end = marks
            check.begin(start)
            _links(connection, check)
            _bodies(connection, check)
            check.finish(end)
            if head is not None:
                _compare(check, start, head)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        lines = str(error.orig).splitlines() or [type(error.orig).__name__]
        check.note(f"After number {check.number:,} the database cannot be read: {lines[0]}.")
    return check.report()


class _Check:
    """What is known of a chain up to a link, and what is wrong.

    Args:
        keys: of the store.
        head: what was deposited.
    """

    def __init__(self, keys: AuditKeys, head: Head | None) -> None:
        self.keys, self.head = keys, head
        self.problems: list[str] = []
        self.found = self.links = self.entries = self.first = self.number = self.pruned = 0
        self.store, self.before, self.end, self.key = "", chain.FIRST, "", 0
        self.missing: set[int] = set()
        self.erased: set[int] = set()
        self.deposited: str | None = None

    def note(self, problem: str) -> None:
        """Keep a problem."""
        self.found += 1
        if len(self.problems) < MOST_TOLD:
            self.problems.append(problem)

    def begin(self, start: Mark) -> None:
        """Take up the link before the first."""
        self.store, self.first, self.number, self.before = start.store, start.number, start.number, start.mac

    def link(self, link: Link) -> None:
        """Hold a link against the one before it."""
        self.links += 1
        if link.number != self.number + 1:
            self.note(f"Number {shown(link.number)} follows {self.number:,}: links were deleted, added or swapped.")
        elif not chain.link_holds(link, self.before, self.store, self.keys):
            known = self.keys.find(link.key) is not None
            why = "it was changed" if known else f"its key {shown(link.key)} is not in the file of keys"
            self.note(f"Link {link.number:,} is not as it was signed: {why}.")
        elif link.kind not in (chain.GIVEN, chain.ERASED, chain.PRUNED):
            self.note(f"Link {link.number:,} is of the kind {shown(link.kind)}, which this version does not know.")
        elif self.keys.position(link.key) < self.key:
            self.note(
                f"Link {link.number:,} is signed with a key that had been replaced before: the old key was used again."
            )
        self.key = max(self.key, self.keys.position(link.key))
        if isinstance(link.number, int):
            self.number = link.number
        self.before = str(link.mac)
        if self.head is not None and self.number == self.head.number:
            self.deposited = self.before

    def body(self, link: Link, row: Any) -> None:
        """Hold a body against the link that it belongs to."""
        try:
            if not chain.same(chain.commitment(row.salt, row.body), link.commitment):
                self.note(f"What is stored of number {link.number:,} is not what was signed: it was changed.")
                return
            body = json_of(row.body)
            if any(getattr(row, column) != value for column, value in columns_of(body).items()):
                self.note(f"The columns of number {link.number:,} do not say what was signed: they were changed.")
            elif link.kind == chain.GIVEN:
                entry_of(link, body, intact=True)
            elif body["schema"] == ERASURE:
                self.erased.update(body["numbers"])
            elif body["schema"] == PRUNING:
                self.pruned = max(self.pruned, body["through"])
            else:
                raise ValueError("another schema")  # noqa: TRY301 # told as all that cannot be read
        except (AttributeError, KeyError, TypeError, ValueError):
            self.note(f"What is stored of number {link.number!s:.20} cannot be read: it was changed.")
        self.entries += link.kind == chain.GIVEN

    def finish(self, end: Mark) -> None:
        """Hold what was seen against the mark of the end, and missing bodies against erasures."""
        self.end = str(Head(end.store, end.number, end.at, end.mac))
        if (end.number, end.mac) != (self.number, self.before):
            self.note(
                f"The chain ends with number {self.number:,}, and the mark of the end says {end.number:,}: the end was cut off."
            )
        if self.pruned > self.first:
            self.note(f"The links up to {self.pruned:,} were pruned and are there again: an older copy was put back.")
        for number in sorted(self.missing - self.erased):
            self.note(f"What was stored of number {number:,} is missing, and no erasure says so: it was deleted.")

    def report(self) -> AuditReport:
        """Return what was found."""
        return AuditReport(
            links=self.links,
            entries=self.entries,
            erased=len(self.missing & self.erased),
            first=self.first,
            last=self.number,
            head="" if self.found else self.end,
            deposited="" if self.head is None else str(self.head),
            problems=tuple(self.problems),
            found=self.found,
        )


def _marks(connection: Connection, check: _Check) -> tuple[Mark, Mark] | None:
    """Return the marks of start and end; None where a store cannot be checked without them."""
    marks = [Mark(*row) for row in connection.execute(sa.select(MARKS))]
    if sorted(str(mark.name) for mark in marks) != [chain.END, chain.START]:
        names = ", ".join(shown(mark.name) for mark in marks) or "none"
        check.note(f"The marks of start and end are not there once each, but {names}: rows were deleted or added.")
        return None
    start, end = sorted(marks, key=lambda mark: str(mark.name), reverse=True)
    for mark in (start, end):
        if not chain.mark_holds(mark, check.keys):
            known = check.keys.find(mark.key) is not None
            why = "it was changed" if known else f"its key {shown(mark.key)} is not in the file of keys"
            check.note(f"The mark of the {mark.name} is not as it was signed: {why}.")
    if start.store != end.store:
        check.note("The marks of start and end are of two stores.")
    return None if check.found else (start, end)


def _links(connection: Connection, check: _Check) -> None:
    """Go through the links in order, each with the body that belongs to it."""
    joined = LINKS.outerjoin(BODIES, BODIES.c.number == LINKS.c.number)
    query = sa.select(
        *LINKS.c, BODIES.c.number.label("body_number"), BODIES.c.salt, BODIES.c.body, BODIES.c.pseudonym, BODIES.c.scope, BODIES.c.model
    ).select_from(joined).order_by(LINKS.c.number)  # fmt: skip
    row: Any
    for row in connection.execution_options(yield_per=TOGETHER).execute(query):
        link = Link(row.number, row.id, row.kind, row.at, row.key, row.commitment, row.mac)
        check.link(link)
        if row.body_number is None:
            check.missing.add(check.number)
        else:
            check.body(link, row)


def _bodies(connection: Connection, check: _Check) -> None:
    """Look for bodies that no link signs, and for erased ones that are there again."""
    joined = BODIES.outerjoin(LINKS, BODIES.c.number == LINKS.c.number)
    lost = sa.select(BODIES.c.number).select_from(joined).where(LINKS.c.number.is_(None)).order_by(BODIES.c.number)
    for number in connection.execute(lost).scalars():
        check.note(f"Something is stored under number {shown(number)}, which no link signs: it was added.")
    for number in sorted(check.erased - check.missing):
        if number > check.first:
            check.note(
                f"What was stored of number {number:,} was erased and is there again: an older copy was put back."
            )


def _compare(check: _Check, start: Mark, head: Head) -> None:
    """Hold the store against what was deposited."""
    found = start.mac if head.number == start.number else check.deposited
    if head.store != check.store:
        check.note("The deposited head is of another store.")
    elif head.number > check.number:
        check.note(
            f"The deposited head is of number {head.number:,} ({head.at}), and the chain ends with {check.number:,}: the end was "
            "cut off, or this is an older copy."
        )
    elif head.number < start.number:
        check.note(
            f"The deposited head is of number {head.number:,}, and the links up to {start.number:,} were pruned since: nothing can be "
            "compared. Deposit a new head after each pruning."
        )
    elif found != head.mac:
        check.note(f"Link {head.number:,} is not the one whose head was deposited: the chain was written anew.")
