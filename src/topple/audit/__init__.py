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

__all__ = ["AuditKeys", "AuditReport", "AuditStore", "Entry"]


def missing(library: str) -> Exception:
    """Return the error that says which library the audit store needs, and how it is installed."""
    from topple.errors import CapabilityError, how_to_install

    return CapabilityError(
        f"the audit store needs {library}, which is not installed. Install it: {how_to_install('audit')}."
    )


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'topple.audit' has no attribute {name!r}; it has {', '.join(_MODULES)}")
    try:
        module = importlib.import_module(f"topple.audit.{_MODULES[name]}")
    except ModuleNotFoundError as error:
        if error.name == "sqlalchemy":
            raise missing(error.name) from error
        raise
    return getattr(module, name)
