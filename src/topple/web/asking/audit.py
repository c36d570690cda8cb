"""Reading the audit store: a key reads what was given to it; one with the scope admin reads all."""

from typing import Annotated

from fastapi import APIRouter, Query

from topple.errors import QueryError
from topple.types import JsonObject
from topple.web.auditing import Auditing
from topple.web.guarding.clients import Client, client
from topple.web.service import AService, Service

router = APIRouter(prefix="/audit")
AText = Annotated[str | None, Query(max_length=200)]
Number = Annotated[int, Query(ge=1, le=1000, description="Most entries.")]


@router.get("/entries", summary="Which explanations were given?")
async def entries(
    service: AService,
    user: AText = None,
    item: AText = None,
    since: AText = None,
    before: AText = None,
    limit: Number = 100,
) -> JsonObject:
    """Return entries of the audit store, newest first."""
    auditing, whose = _of(service), _scope(client.get())  # a thread knows nothing of who asks

    def listed() -> list[JsonObject]:
        meant = [None] if user is None else auditing.store.meant(user)  # an address holds texts, also of numbers
        found = [
            entry
            for one in meant
            for entry in auditing.store.entries(
                user=one, item=item, since=since, before=before, scope=whose, newest_first=True, limit=limit
            )
        ]
        return [entry.as_json() for entry in sorted(found, key=lambda entry: -entry.number)[:limit]]

    return {"entries": await auditing.call(listed)}


@router.get("/entries/{name}", summary="What was given?")
async def entry(service: AService, name: str) -> JsonObject:
    """Return one entry of the audit store."""
    auditing = _of(service)
    found = await auditing.call(auditing.store.show, name, scope=_scope(client.get()))
    return found.as_json()


def _of(service: Service) -> Auditing:
    if service.audit is None:
        raise QueryError("this service keeps no audit store. Start it with --audit and --audit-keys.")
    return service.audit


def _scope(who: Client) -> str | None:
    """Return whose entries a client may read; None for all."""
    return None if who.reads_all else who.name
