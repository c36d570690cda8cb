"""Explanations that are given are written to the audit store before they leave."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from topple.audit import AuditKeys, AuditStore
from topple.data.vocabulary import Catalogue
from topple.errors import AuditError, SettingsError
from topple.records.answer import Explanation, Status
from topple.types import ItemId, UserId
from topple.web.settings import ServeSettings
from topple.web.telling.logs import request_id

logger = logging.getLogger(__name__)
_Found = TypeVar("_Found")


class Auditing:
    """The audit store of a service, which is written and read in a thread of its own.

    `failing_since` says since when nothing could be written, in UTC; None where the last explanation was.

    Args:
        store: the store.
        required: whether an explanation that cannot be stored is not given.
    """

    def __init__(self, store: AuditStore, *, required: bool) -> None:
        self.store, self.required = store, required
        self.failing_since: str | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="topple-audit")

    async def call(self, work: Callable[..., _Found], *arguments: Any, **named: Any) -> _Found:
        """Return what a method of the store returns."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *arguments, **named))

    async def keep(
        self, explanations: Sequence[Explanation], catalogue: Catalogue, sentences: Sequence[str], *,
        user: UserId | None, shown: Sequence[ItemId] | None, agrees: bool | None, language: str, scope: str,
    ) -> list[str | None]:  # fmt: skip
        """Store explanations that are about to be given, and return the id of each entry; what was asked in vain is not stored.

        Raises:
            AuditError: they could not be stored, and must be.
        """
        given = [number for number, each in enumerate(explanations) if each.status is not Status.INVALID]
        ids: list[str | None] = [None] * len(explanations)
        if not given:
            return ids
        chosen = [explanations[number] for number in given]
        try:
            names = await self.call(
                self.store.append, chosen, catalogue, user=user, shown=shown, agrees=agrees,
                sentences=[sentences[number] for number in given], language=language, request_id=request_id.get(), scope=scope,
            )  # fmt: skip
        except AuditError:
            self.failing_since = self.failing_since or datetime.now(UTC).isoformat(timespec="seconds")
            if self.required:
                raise
            logger.exception("explanations are given that could not be written to the audit store")
            return ids
        self.failing_since = None
        for number, name in zip(given, names, strict=True):
            ids[number] = name
        return ids

    def close(self) -> None:
        """Close the store when what is being written is written."""
        self._thread.shutdown(wait=True)
        self.store.close()


@contextmanager
def auditing(settings: ServeSettings) -> Iterator[Auditing | None]:
    """Open the audit store that the settings name; None where they name none.

    Raises:
        SettingsError: a store without keys, or keys without a store.
        ToppleError: it cannot be opened.
    """
    if (settings.audit is None) != (settings.audit_keys is None):
        raise SettingsError(
            "the audit store and the file of its keys go together. Give --audit and --audit-keys, or neither."
        )
    if settings.audit is None or settings.audit_keys is None:
        yield None
        return
    found = Auditing(
        AuditStore.open(settings.audit, AuditKeys.read(settings.audit_keys)), required=settings.audit_required
    )
    try:
        yield found
    finally:
        found.close()
