"""Answers as files hold them, brought back as Explanations: of a dossier, of an audit entry, of `to_dict`, or canonical JSON."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from topple.errors import DataError, shown
from topple.inputs import json_of
from topple.records.answer import Explanation
from topple.records.fields import COMPARED, FIELDS, NULLABLE, SCHEMA
from topple.records.kinds import NUMBER, TEXT, WHOLE
from topple.records.question import context_key
from topple.records.telling.stored import explanation_of
from topple.types import JsonObject, UserId

DOSSIER, ENTRY = "topple.dossier/", "topple.audit-entry/"
"""How the schemas of dossiers and of audit entries begin."""
GIVE = (
    "Give the JSON of a dossier, an audit entry (topple audit show --json), what to_dict returned, or canonical JSON."
)
IDENTITIES = ("model", "catalogue", "data", "history", "version")


@dataclass(frozen=True)
class Recorded:
    """One answer that was recorded.

    Args:
        explanation: the answer.
        identities: of the model, the catalogue, the data, the history, and the version, as recorded; those that are not are missing.
        digest: the hash of the canonical JSON that stands beside it; nothing where none does.
        budget: what could be spent, where that is recorded.
        intact: whether the audit store found the entry as it was signed; None for what is no entry.
    """

    explanation: Explanation
    identities: Mapping[str, str]
    digest: str = ""
    budget: JsonObject = field(default_factory=dict)
    intact: bool | None = None


def recorded_of(told: Any, user: UserId | None = None) -> list[Recorded]:
    """Return the answers that a JSON object holds.

    Args:
        told: a dossier, an audit entry, `{"entries": [...]}`, `{"explanations": [...]}`, one explanation, or canonical JSON.
        user: who it was, where the object holds no id of the user.

    Raises:
        DataError: it holds none of these.
    """
    if not isinstance(told, Mapping):
        raise DataError(f"{shown(told)} holds no answer. {GIVE}")
    schema = str(told.get("schema", ""))
    try:
        if schema.startswith(DOSSIER):
            budget = dict(told["question"]["budget"])
            return [
                _of_dossier(each, told["identities"], told["made"]["version"], budget)
                for each in _list(told["answers"])
            ]
        if schema.startswith(ENTRY):
            return [_of_entry(told, user)]
        for name in ("entries", "explanations"):
            if name in told:
                return [one for each in _list(told[name]) for one in recorded_of(each, user)]
        if schema:
            return [_of_row(told)]
        return [Recorded(_of_canonical(told), {}, budget={})]
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(f"{shown(told)} is damaged: {error!r}. {GIVE}") from error


def _of_dossier(answer: Any, identities: Any, version: Any, budget: JsonObject) -> Recorded:
    explanation = explanation_of(answer["explanation"])
    known = {name: str(identities[name]) for name in IDENTITIES if name in identities} | {"version": str(version)}
    return Recorded(explanation, known, str(answer["canonical_sha256"]), budget)


def _of_entry(entry: Mapping[str, Any], user: UserId | None) -> Recorded:
    """Return the answer of an audit entry, which holds a pseudonym in place of the user's id."""
    answer = dict(entry["answer"])
    if answer.get("user") is None and entry.get("user") is not None:
        answer["user"] = user
    known = {name: str(entry[name]) for name in IDENTITIES if entry.get(name)}
    return Recorded(_of_canonical(answer), known, intact=entry.get("intact"))


def _of_row(row: Mapping[str, Any]) -> Recorded:
    explanation = explanation_of(row)
    known = {
        "model": explanation.model, "catalogue": explanation.catalogue, "data": explanation.data,
        "history": explanation.query.history_fingerprint, "version": explanation.version,
    }  # fmt: skip
    return Recorded(explanation, {name: value for name, value in known.items() if value})


def _of_canonical(answer: Mapping[str, Any]) -> Explanation:
    """Return the explanation of canonical JSON, as an object; what canonical JSON leaves out is empty."""
    missing = [each.name for each in COMPARED if each.name not in answer]
    if missing:
        raise DataError(
            f"{shown(dict(answer))} is no canonical JSON of an explanation: there is no {missing[0]} in it. {GIVE}"
        )
    row: JsonObject = {"schema": SCHEMA}
    for each in FIELDS:
        if each.name in answer:
            row[each.name] = answer[each.name]
        elif each.read:
            row[each.name] = _nothing(each.name, each.kind)
    row["context"] = _context(answer["context_key"])
    lists = answer.get("item_lists")
    return explanation_of(row | ({"item_lists": lists} if lists else {}))


def _nothing(name: str, kind: Any) -> Any:
    """Return what stands for no value of a field."""
    return None if name in NULLABLE else "" if kind is TEXT else 0 if kind in (WHOLE, NUMBER) else []


def _context(key: Any) -> Any:
    """Return the context of which the key is the JSON text; None for a key that is a name."""
    with suppress(TypeError, ValueError):
        told = json_of(key)
        return told if context_key(told) == key else None
    return None


def _list(told: Any) -> Sequence[Any]:
    if not isinstance(told, list):
        raise DataError(f"{shown(told)} is no list of answers. {GIVE}")
    return told
