"""The store: explanations are appended to a chain, read, checked, erased and pruned."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from topple.audit import chain, reading
from topple.audit.chain import Head
from topple.audit.database import Database
from topple.audit.entries import Entry, stored_of, told_each
from topple.audit.keys import AuditKeys
from topple.audit.migrating import migrate_to_this_version
from topple.audit.private import writing_privately
from topple.audit.report import AuditReport
from topple.audit.verifying import verified
from topple.audit.writing import Writer
from topple.errors import as_list, need
from topple.records.answer import Explanation
from topple.records.as_json import as_json
from topple.records.telling.beside import Titles
from topple.types import FilePath, ItemId, UserId


class AuditStore:
    """Explanations that were given, in a chain of signed links; made by `open`. Any thread may use it."""

    def __init__(self, database: Database, keys: AuditKeys) -> None:
        self._database, self._keys = database, keys

    @classmethod
    def open(
        cls, url_or_path: FilePath, keys: AuditKeys, *, create: bool = True, migrate: bool = True, check: bool = True
    ) -> "AuditStore":
        """Open a store.

        Args:
            url_or_path: the path of an SQLite file, `sqlite:///FILE`, or `postgresql+psycopg://USER@HOST/NAME`.
            keys: of the store; with others it is refused.
            create: whether it is made where there is none.
            migrate: whether tables of an earlier version are changed to those of this one.
            check: whether a store whose end is not as it was signed, or was signed with other keys, is refused here and not only when
                something is appended.

        Raises:
            AuditError: it cannot be opened: the database is down, of something else, or of other keys.
            DataNotFoundError: there is none, and none is to be made.
            CapabilityError: the driver of PostgreSQL is not installed.
        """
        need(keys, AuditKeys, "keys", "what AuditKeys.read or AuditKeys.create returned")
        database = Database(url_or_path, create=create)
        try:
            migrate_to_this_version(database, Writer(keys).begin, migrate=migrate, create=create)
            if check:
                with database.reading() as connection:
                    reading.end_of(connection, keys)
        except BaseException:
            database.close()
            raise
        return cls(database, keys)

    def append(
        self,
        explanations: Sequence[Explanation],
        catalogue: Titles,
        *,
        user: UserId | None,
        shown: Sequence[ItemId] | None,
        agrees: bool | None,
        sentences: Sequence[str],
        language: str,
        request_id: str = "",
        scope: str = "",
    ) -> list[str]:
        """Store explanations that are about to be given, in one transaction that is on the disk when this returns.

        Args:
            explanations: of one answer.
            catalogue: tells the titles that are stored beside ids.
            user: whose history it is, stored as a pseudonym; None for the user that the questions name, if any.
            shown: the list as it is shown; None where that is not known.
            agrees: whether that list is the model's; None where that was not asked.
            sentences: one an explanation, as they are shown.
            language: of the sentences.
            request_id: of the request that is answered.
            scope: who asked; reading can be limited to a scope.

        Returns:
            The id of each entry.

        Raises:
            AuditError: the store is down, full, locked, or not as it was written; nothing of the call is stored.
            DataError: an explanation that no file can hold, or another number of sentences.
        """
        given = as_list(explanations, "explanations", "the explanations of an answer")
        for each in given:
            need(each, Explanation, "an explanation", "what explain returned")
        for name, value in (("language", language), ("request_id", request_id), ("scope", scope)):
            need(value, str, name, "a text")
        listed = None if shown is None else tuple(as_list(shown, "shown", "the list as it is shown"))
        told = told_each(
            len(given), sentences, user=user, shown=listed, agrees=agrees, language=language, request_id=request_id, scope=scope
        )  # fmt: skip
        keys = self._current()
        bodies = [stored_of(each, catalogue, how, keys.newest) for each, how in zip(given, told, strict=True)]
        if not bodies:
            return []
        with self._database.writing() as connection:
            return Writer(keys).extend(connection, chain.GIVEN, bodies)

    def show(self, id: str, *, scope: str | None = None) -> Entry:
        """Return one entry.

        Args:
            id: of the entry.
            scope: whose entries are looked at; None for all.

        Raises:
            UnknownIdError: there is none, it is of another scope, or it was erased.
            AuditError: the store is down, or what is stored cannot be read.
        """
        with self._database.reading() as connection:
            return reading.one(connection, self._current(), id, scope)

    def entries(
        self,
        *,
        user: UserId | None = None,
        since: datetime | str | None = None,
        before: datetime | str | None = None,
        item: ItemId | None = None,
        model: str | None = None,
        scope: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[Entry]:
        """Yield entries, oldest first; each condition that is given holds for each of them.

        Args:
            user: whose history it is, found under all keys.
            since: stored at this time or later; a time without zone is in UTC.
            before: stored before this time.
            item: the explained item, or one of the named set.
            model: the identity of the model.
            scope: who asked.
            newest_first: the other order.
            limit: how many at most.

        Raises:
            AuditError: the store is down, or what is stored cannot be read.
        """
        keys = self._current()
        chosen = reading.Choice.of(
            keys, user=user, since=since, before=before, item=item, model=model, scope=scope, newest_first=newest_first, limit=limit
        )  # fmt: skip
        yield from reading.each(self._database, keys, chosen)

    def export(
        self,
        path: FilePath,
        *,
        overwrite: bool = False,
        user: UserId | None = None,
        since: datetime | str | None = None,
        before: datetime | str | None = None,
        item: ItemId | None = None,
        model: str | None = None,
        scope: str | None = None,
    ) -> int:
        """Write entries to a file that only the owner may read, JSON Lines, and return how many there are.

        Args:
            path: of the file.
            overwrite: whether it may replace what is there.
            user: and the others: as those of `entries`.
            since: as that of `entries`.
            before: as that of `entries`.
            item: as that of `entries`.
            model: as that of `entries`.
            scope: as that of `entries`.

        Raises:
            OutputExistsError, OutputError: the file may not, or cannot, be written; what was there is left.
            AuditError: the store is down, or what is stored cannot be read.
        """
        count = 0
        with writing_privately(path, overwrite=overwrite) as file:
            for entry in self.entries(user=user, since=since, before=before, item=item, model=model, scope=scope):
                file.write(as_json(entry.as_json()) + "\n")
                count += 1
        return count

    def meant(self, text: str) -> list[UserId]:
        """Return the user ids that a person may mean by a text, a number or the text as it is, of which there are entries.

        Raises:
            AuditError: the store is down.
        """
        with self._database.reading() as connection:
            return reading.meant(connection, self._current(), text)

    def head(self) -> str:
        """Return the line to deposit elsewhere: it tells later whether the end was cut off, or the store is an older copy.

        Raises:
            AuditError: the store is down, or the end is not as it was written.
        """
        with self._database.reading() as connection:
            end = reading.end_of(connection, self._current())
        return str(Head(end.store, end.number, end.at, end.mac))

    def verify(self, head: str | None = None) -> AuditReport:
        """Check every link, body and mark, and return what is not as it was written.

        Args:
            head: the line that `head` returned earlier and that was kept elsewhere; without it nobody can tell whether the end of the
                chain was cut off, or the whole store is an older copy.

        Raises:
            AuditError: the store is down.
            DataError: the head is none.
        """
        deposited = None if head is None else Head.parse(head)
        with self._database.reading() as connection:
            return verified(connection, self._current(), deposited)

    def erase(self, user: UserId) -> int:
        """Delete what is stored of a user, under all keys, and return how many entries that were.

        Bodies and salts go; the links stay and verify, and a link that says which numbers were erased joins them.

        Raises:
            AuditError: the store is down, or the end is not as it was written; nothing is erased.
        """
        with self._database.writing() as connection:
            erased = Writer(self._current()).erase(connection, user)
        if erased:
            self._database.tidy()
        return erased

    def prune(self, before: datetime | str) -> int:
        """Delete what was stored before a time, links too, and return how many links that were.

        A signed mark says after which link the chain now begins, and a link that says so joins the chain. Deposit a new head afterwards:
        one from before the mark cannot be compared any more.

        Raises:
            AuditError: the store is down, or not as it was written, which pruning would hide; nothing is deleted.
            DataError: the time is none.
        """
        report = self.verify()
        with self._database.writing() as connection:
            pruned = Writer(self._current()).prune(connection, reading.time_of(before, "before"), report)
        if pruned:
            self._database.tidy()
        return pruned

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _current(self) -> AuditKeys:
        """Return the keys, read again where the file that they came from was changed: a key that was added is used at once."""
        self._keys = self._keys.current()
        return self._keys
