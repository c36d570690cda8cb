"""The audit store: which explanations were given, in a chain that shows what was changed afterwards.

    from topple.audit import AuditKeys, AuditStore

    keys = AuditKeys.create("audit.keys")
    with AuditStore.open("audit.sqlite", keys) as store:
        store.append(explanations, model.catalogue, user=42, sentences=sentences, language="en")

The extra `audit` brings SQLAlchemy and Alembic, `postgres` the driver of PostgreSQL.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topple.audit.entries import Entry as Entry
    from topple.audit.keys import AuditKeys as AuditKeys
    from topple.audit.report import AuditReport as AuditReport
    from topple.audit.store import AuditStore as AuditStore

_MODULES = {"AuditKeys": "keys", "AuditReport": "report", "AuditStore": "store", "Entry": "entries"}
LIBRARIES = ("sqlalchemy", "alembic")

__all__ = ["AuditKeys", "AuditReport", "AuditStore", "Entry"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'topple.audit' has no attribute {name!r}; it has {', '.join(_MODULES)}")
    try:
        module = importlib.import_module(f"topple.audit.{_MODULES[name]}")
    except ModuleNotFoundError as error:
        if error.name not in LIBRARIES:
            raise
        from topple.errors import CapabilityError, how_to_install

        raise CapabilityError(
            f"the audit store needs {error.name}, which is not installed. Install it: {how_to_install('audit')}."
        ) from error
    return getattr(module, name)
