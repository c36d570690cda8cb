"""The database of an audit store: SQLite or PostgreSQL, one writer at a time, and errors that say what is wrong."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from topple.errors import AuditError, CapabilityError, DataNotFoundError, how_to_install, need, shown
from topple.inputs import MISSING, problem
from topple.types import FilePath

logger = logging.getLogger(__name__)

WAITED_SECONDS = 30.0
"""How long a writer waits for another."""
CONNECT_SECONDS = 5
SILENT_SECONDS = 15
"""How long a server may be silent before the connection counts as lost."""
WRITERS = 0x746F70706C65
"""The advisory lock of PostgreSQL that a writer holds for a transaction."""
WRITES = "topple_writes"
DRIVER = "postgresql+psycopg"
GIVE = "Give the path of an SQLite file, sqlite:///FILE, or postgresql+psycopg://USER@HOST/NAME."


class Database:
    """Opens connections to one database; `reading` and `writing` are the only ways in.

    Args:
        location: a path, or an address that SQLAlchemy understands.
        create: whether an SQLite file that is not there is made.

    Raises:
        AuditError: the location is none that a store can have.
        CapabilityError: the driver is not installed.
        DataNotFoundError: there is no such file.
    """

    def __init__(self, location: FilePath, *, create: bool) -> None:
        url = _url(location)
        self.name = url.render_as_string(hide_password=True) if url.drivername == DRIVER else str(url.database)
        self.is_sqlite = url.drivername == "sqlite"
        if self.is_sqlite:
            _stand_ready(Path(str(url.database)), create=create)
        self.engine = _engine(url)
        self._errors = (SQLAlchemyError, sqlite3.Error, getattr(self.engine.dialect.dbapi, "Error", sqlite3.Error))
        self._writer, self._turn = self.engine.execution_options(**{WRITES: True}), Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the store.

        Raises:
            AuditError: the database cannot be read.
        """
        with self._told("cannot be read"), self.engine.connect() as connection, connection.begin():
            if not self.is_sqlite:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction as the only writer; what was written is on the disk when the block has ended.

        Raises:
            AuditError: the database cannot be written.
        """
        with self._turn, self._told("cannot be written"), self._writer.connect() as connection, connection.begin():
            if not self.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITERS)))
            yield connection

    def tidy(self) -> None:
        """Remove from the files of the database what was deleted, as far as the database does so."""
        with self._told("cannot be tidied"):
            raw: Any = self.engine.raw_connection()
            try:
                if self.is_sqlite:
                    busy, *_ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                    if busy:
                        logger.warning(
                            "%s is being read: what was deleted is in %s-wal until it is not", self.name, self.name
                        )
                else:
                    raw.rollback()
                    raw.driver_connection.autocommit = True
                    raw.cursor().execute("VACUUM audit_bodies")
                    raw.driver_connection.autocommit = False
            finally:
                raw.close()

    def journal_ahead(self) -> None:
        """Have SQLite write ahead, so that readers and a writer do not wait for each other; the file remembers it."""
        with self._told("cannot be written"):
            raw: Any = self.engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA journal_mode = WAL")
            finally:
                raw.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Turn errors of the database into one that says which store, what failed, and what to do."""
        try:
            yield
        except self._errors as error:
            lines = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
            raise AuditError(
                f"the audit store {self.name} {what}: {lines[0].rstrip('.')}. Nothing of this call was stored or changed; see that the "
                "database runs, has space and may be written, and try again."
            ) from error


def _url(location: FilePath) -> URL:
    """Return where a store is.

    Raises:
        AuditError: the location is none that a store can have.
    """
    need(location, (str, os.PathLike), "url_or_path", "the path of an SQLite file or the address of a database")
    text = str(location)
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).absolute()))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise AuditError(f"the address of the audit store cannot be read. {GIVE}") from error
    if url.drivername in ("postgresql", "postgres", DRIVER):
        return url.set(drivername=DRIVER)
    if url.drivername != "sqlite":
        raise AuditError(f"{shown(url.drivername)} is no database that an audit store can be in. {GIVE}")
    if not url.database or url.database == ":memory:" or url.query or url.host:
        raise AuditError(f"{shown(text)} is no file, and an audit store of SQLite is one. {GIVE}")
    return URL.create("sqlite", database=str(Path(url.database).absolute()))


def _stand_ready(file: Path, *, create: bool) -> None:
    """Make an empty file that only the owner may read, where there is none.

    Raises:
        DataNotFoundError: there is none, and none is to be made.
        AuditError: it is no file, or cannot be made.
    """
    wrong = problem(file)
    if wrong == MISSING and create:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except OSError as error:
            raise AuditError(
                f"the audit store {file} cannot be made: {error.strerror}. Choose another path."
            ) from error
    elif wrong:
        kind = DataNotFoundError if wrong == MISSING else AuditError
        raise kind(f"the audit store {file} {wrong}. {GIVE}")


def _engine(url: URL) -> Engine:
    """Return the engine of an address.

    Raises:
        CapabilityError: the driver is not installed.
    """
    if url.drivername == "sqlite":
        engine = sa.create_engine(url, connect_args={"timeout": WAITED_SECONDS})
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        engine = sa.create_engine(
            url,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": 1_000 * SILENT_SECONDS},
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise CapabilityError(
            f"an audit store in PostgreSQL needs psycopg, which is not installed. Install it: {how_to_install('postgres')}."
        ) from error
    sa.event.listen(engine, "connect", _set_up_postgres)
    return engine


def _set_up_sqlite(connection: Any, record: object) -> None:
    """Leave transactions to `_begin_sqlite`; every commit reaches the disk, and what is deleted is overwritten."""
    connection.isolation_level = None
    for pragma in ("synchronous = FULL", "secure_delete = ON", "trusted_schema = OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction; that of a writer takes the lock at once, as one that read first could not take it later."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_up_postgres(connection: Any, record: object) -> None:
    """Have every commit reach the disk, where the server is set up to answer before that."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        cursor.execute(f"SET lock_timeout = '{int(WAITED_SECONDS)}s'")
    connection.commit()
