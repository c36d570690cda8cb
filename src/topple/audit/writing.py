"""Writes links: explanations, erasures and prunings, each in the transaction of a writer."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from topple.audit import chain, reading
from topple.audit.chain import Link
from topple.audit.entries import Stored
from topple.audit.keys import AuditKeys
from topple.audit.report import AuditReport
from topple.audit.tables import BODIES, LINKS, MARKS
from topple.errors import AuditError
from topple.types import UserId

ERASURE, PRUNING = "topple.audit-erasure/1", "topple.audit-pruning/1"


class Writer:
    """Extends the chain with the newest key.

    Args:
        keys: of the store.
    """

    def __init__(self, keys: AuditKeys) -> None:
        self._keys = keys

    def begin(self, connection: Connection) -> None:
        """Write the marks of a store without links."""
        store, at = chain.new_store(), reading.written(datetime.now(UTC))
        made = [chain.mark(self._keys.newest, name, store, 0, at, chain.FIRST) for name in (chain.START, chain.END)]
        connection.execute(sa.insert(MARKS), [asdict(each) for each in made])

    def extend(self, connection: Connection, kind: str, bodies: Sequence[Stored]) -> list[str]:
        """Append a link for each body, and return the ids.

        Raises:
            AuditError: the end of the chain is not as it was signed.
        """
        end, key = reading.end_of(connection, self._keys), self._keys.newest
        at = reading.written(datetime.now(UTC))
        links, rows, before = [], [], end.mac
        for number, body in enumerate(bodies, start=end.number + 1):
            name, salt = chain.new_id(), chain.new_salt()
            committed = chain.commitment(salt, body.text)
            before = chain.link_mac(key, end.store, before, number, name, kind, at, committed)
            links.append(Link(number, name, kind, at, key.id, committed, before))
            rows.append({"number": number, "salt": salt, "body": body.text, **body.columns})
        connection.execute(sa.insert(LINKS), [asdict(link) for link in links])
        connection.execute(sa.insert(BODIES), rows)
        made = chain.mark(key, chain.END, end.store, links[-1].number, at, before)
        connection.execute(sa.update(MARKS).where(MARKS.c.name == chain.END).values(asdict(made)))
        return [link.id for link in links]

    def erase(self, connection: Connection, user: UserId) -> int:
        """Delete the bodies of a user, write down which numbers they had, and return how many there were."""
        chosen = BODIES.c.pseudonym.in_(self._keys.pseudonyms(user))
        numbers = list(connection.execute(sa.select(BODIES.c.number).where(chosen).order_by(BODIES.c.number)).scalars())
        if not numbers:
            return 0
        connection.execute(sa.delete(BODIES).where(chosen))
        self.extend(connection, chain.ERASED, [Stored.of({"schema": ERASURE, "numbers": numbers})])
        return len(numbers)

    def prune(self, connection: Connection, before: str, report: AuditReport) -> int:
        """Delete the links before a time with their bodies, sign where the chain now begins, and return how many there were.

        Raises:
            AuditError: the chain is not as it was written.
        """
        if not report.ok:
            raise AuditError(
                f"the audit store is not pruned, as it is not as it was written: {report.problems[0]} {reading.CHECK}"
            )
        kept = sa.select(sa.func.min(LINKS.c.number)).where(LINKS.c.at >= before)
        through = (connection.execute(kept).scalar() or report.last + 1) - 1
        marks = reading.marks_of(connection)
        start = marks[chain.START]
        if through <= start.number:
            return 0
        mac = connection.execute(sa.select(LINKS.c.mac).where(LINKS.c.number == through)).scalar_one()
        connection.execute(sa.delete(BODIES).where(BODIES.c.number <= through))
        connection.execute(sa.delete(LINKS).where(LINKS.c.number <= through))
        at = reading.written(datetime.now(UTC))
        made = chain.mark(self._keys.newest, chain.START, start.store, through, at, mac)
        connection.execute(sa.update(MARKS).where(MARKS.c.name == chain.START).values(asdict(made)))
        told = {"schema": PRUNING, "through": through, "links": through - start.number}
        self.extend(connection, chain.PRUNED, [Stored.of(told)])
        return through - start.number
