"""Brings the tables of an audit store to this version, by Alembic; loads Alembic only where there is something to do."""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from topple.audit import missing
from topple.audit.database import Database
from topple.audit.tables import LINKS, REVISION, VERSION_TABLE
from topple.errors import AuditError, shown

SCRIPTS = Path(__file__).with_name("migrations")
_VERSIONS = sa.table(VERSION_TABLE, sa.column("version_num"))


def migrate_to_this_version(
    database: Database, begin: Callable[[Connection], None], *, migrate: bool, create: bool
) -> None:
    """Bring the tables to this version.

    Args:
        database: where they are.
        begin: called in the same transaction where there were none before.
        migrate: whether older tables may be changed.
        create: whether tables may be made where there are none.

    Raises:
        AuditError: they are of another version and may not be changed, or of something else.
    """
    with database.reading() as connection:
        there = revision(connection, database.name)
        if there is None:
            _refuse_strange(connection, database, create=create)
    if there == REVISION:
        return
    if create and database.is_sqlite:
        database.journal_ahead()
    with database.writing() as connection:
        found = revision(connection, database.name)  # once more: another process may have done it
        if found == REVISION:
            return
        if found is None:
            _refuse_strange(connection, database, create=create)
        elif not migrate:
            raise AuditError(
                f"the audit store {database.name} has tables of version {shown(found)}, and this topple writes {REVISION!r}. "
                "Open it once with migrate=True."
            )
        _upgrade(connection, database.name)
        if found is None:
            begin(connection)


def revision(connection: Connection, name: str) -> str | None:
    """Return the version of the tables; None where there are none.

    Raises:
        AuditError: more or less than one version is written there.
    """
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(sa.select(_VERSIONS.c.version_num)).scalars().all()
    if len(found) != 1:
        raise AuditError(
            f"the audit store {name} says {len(found)} versions of itself in {VERSION_TABLE}, and not one. Restore a copy."
        )
    return str(found[0])


def _refuse_strange(connection: Connection, database: Database, *, create: bool) -> None:
    """Refuse a database of something else, and one without tables where none may be made."""
    there = sa.inspect(connection).get_table_names()
    if LINKS.name in there or (there and database.is_sqlite):
        raise AuditError(
            f"{database.name} is a database of something else: it has the table {shown(there[0])}. Choose another path."
        )
    if not create:
        raise AuditError(
            f"there is no audit store in {database.name}: it has no tables of one. Give the store that the service writes."
        )


def _upgrade(connection: Connection, name: str) -> None:
    """Run the migrations that are missing, in the transaction of the connection.

    Raises:
        CapabilityError: Alembic is not installed.
    """
    try:
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError
    except ModuleNotFoundError as error:
        raise missing("alembic") from error

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise AuditError(
            f"the audit store {name} cannot be migrated: {error}. A newer topple may have made it: install that version."
        ) from error
