"""What an entry of the audit store holds, as a record and as the text that is stored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from topple.audit.chain import Link
from topple.audit.keys import AuditKey
from topple.errors import DataError, shown
from topple.inputs import json_of
from topple.records.answer import Explanation, Verdict
from topple.records.io import canonical_json, item_lists_of
from topple.records.telling.beside import Titles
from topple.types import ItemId, JsonObject, UserId, plain

SCHEMA = "topple.audit-entry/1"
MOST_LISTED = 1_000
"""Candidates or excluded items that are stored at most; of longer lists the name is there alone."""
COLUMNS = {"pseudonym": "user", "scope": "scope", "model": "model"}
"""Columns that entries are found by, and what of a body each repeats."""
OF_VERDICTS = ("valid", "necessary", "sufficient", "minimal", "within_rounding", "without_evidence", "whole_history")
"""What a stored verdict tells."""


@dataclass(frozen=True, slots=True)
class Told:
    """How an explanation was given: to whom, beside which list, in what words.

    Args:
        user: whose history it is; None for nobody's.
        shown: the list as it was shown; None where that is not known.
        agrees: whether that list is the model's; None where it was not asked.
        sentence: the explanation in words.
        language: of the sentence.
        request_id: of the request that was answered.
        scope: who asked, such as the name of an API key; reading can be limited to a scope.
    """

    user: UserId | None
    shown: tuple[ItemId, ...] | None
    agrees: bool | None
    sentence: str
    language: str
    request_id: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One explanation that was given, as the store holds it.

    `user` is the pseudonym of the user, under the key `user_key`; None for nobody's history. `answer` is the canonical JSON of the
    explanation without the user's id, as an object; `canonical_json` is the text. `item_lists` are the candidates and excluded items by
    name, where there are few of them. `model`, `catalogue`, `data` and `history` are identities, `answered` is when (UTC) the explanation
    was made by `version` of topple, and `at` when it was stored. `intact` is whether the entry is as it was written.
    """

    id: str
    number: int
    at: str
    intact: bool
    user: str | None
    user_key: str | None
    scope: str
    request_id: str
    shown: tuple[ItemId, ...] | None
    agrees: bool | None
    model: str
    catalogue: str
    data: str
    history: str
    answered: str
    version: str
    sentence: str
    language: str
    verdict: JsonObject | None
    margin: float | None
    titles: tuple[tuple[ItemId, str], ...]
    item_lists: Mapping[str, list[ItemId]]
    answer: JsonObject
    names_user: bool = field(repr=False)

    @property
    def target(self) -> ItemId | None:
        """The recommended item that is explained."""
        found: ItemId | None = self.answer["target"]
        return found

    @property
    def items(self) -> tuple[ItemId, ...]:
        """The named set."""
        return tuple(self.answer["items"])

    @property
    def status(self) -> str:
        """How the question ended."""
        return str(self.answer["status"])

    def title(self, item: ItemId | None) -> str:
        """Return the title of an item that the entry names, or the id as text."""
        return "" if item is None else dict(self.titles).get(item, str(item))

    def canonical_json(self, user: UserId | None = None) -> str:
        """Return the canonical JSON of the explanation, equal to `topple.canonical_json` of it.

        Args:
            user: the id of the user, which the store does not hold; needed where the explanation names one.
        """
        return _canonical({**self.answer, "user": plain(user) if self.names_user else None})

    def as_json(self) -> JsonObject:
        """Return the entry as a JSON object."""
        told = {name: getattr(self, name) for name in self.__slots__ if name not in ("titles", "names_user", "answer")}
        titles = [{"item": item, "title": title} for item, title in self.titles]
        return {"schema": SCHEMA, **told, "titles": titles, "answer": self.answer}


@dataclass(frozen=True, slots=True)
class Stored:
    """What is written beside a link: the body as a text, and the columns that entries are found by."""

    text: str
    columns: Mapping[str, str | None]

    @classmethod
    def of(cls, body: JsonObject) -> "Stored":
        """Return what is written of a body."""
        return cls(text_of(body), columns_of(body))


def stored_of(explanation: Explanation, catalogue: Titles, told: Told, key: AuditKey) -> Stored:
    """Return what is written of an explanation.

    Raises:
        DataError: the question holds what no file can.
    """
    try:
        return Stored.of(_body_of(explanation, catalogue, told, key))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"the explanation of {shown(explanation.query.target)} cannot be stored: {error}. Ask with ids that are texts or whole numbers."
        ) from error


def _body_of(explanation: Explanation, catalogue: Titles, told: Told, key: AuditKey) -> JsonObject:
    """Return what is stored of an explanation, as a JSON object.

    Raises:
        TypeError, ValueError: the question holds what no file can.
    """
    answer = json_of(canonical_json(explanation))
    listed = (
        explanation.query.target,
        *explanation.items,
        *explanation.replacements,
        *(told.shown or explanation.shown),
    )
    named = dict.fromkeys(item for item in map(plain, listed) if isinstance(item, str | int))
    user = explanation.query.user if told.user is None else told.user
    return {
        "schema": SCHEMA,
        "user": None if user is None else key.pseudonym(user),
        "user_key": None if user is None else key.id,
        "names_user": answer["user"] is not None,
        "scope": told.scope,
        "request_id": told.request_id,
        "shown": None if told.shown is None else [plain(item) for item in told.shown],
        "agrees": told.agrees,
        "model": explanation.model,
        "catalogue": explanation.catalogue,
        "data": explanation.data,
        "history": explanation.query.history_fingerprint,
        "answered": explanation.at,
        "version": explanation.version,
        "sentence": told.sentence,
        "language": told.language,
        "verdict": _verdict(explanation.verdict),
        "margin": explanation.margin,
        "titles": [[item, catalogue.title(item)] for item in named if catalogue.title(item) != str(item)],
        "item_lists": {name: ids for name, ids in item_lists_of([explanation]).items() if len(ids) <= MOST_LISTED},
        "answer": answer | {"user": None},
    }


def entry_of(link: Link, body: Mapping[str, Any], *, intact: bool) -> Entry:
    """Return the entry of a link and of what is stored of the explanation.

    Raises:
        KeyError, TypeError, ValueError: it is not of this schema.
    """
    if body["schema"] != SCHEMA:
        raise ValueError(f"the schema is {shown(body['schema'])}")
    values = {name: body[name] for name in Entry.__slots__ if name not in ("id", "number", "at", "intact")}
    values["shown"] = None if values["shown"] is None else tuple(values["shown"])
    values["titles"] = tuple((item, title) for item, title in values["titles"])
    return Entry(id=link.id, number=link.number, at=link.at, intact=intact, **values)


def text_of(body: JsonObject) -> str:
    """Return a body as the text that is stored: without characters that a database may not take."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return text if is_whole(text) else json.dumps(body, separators=(",", ":"))  # of a question that could not be asked


def columns_of(body: Mapping[str, Any]) -> dict[str, str | None]:
    """Return what stands in columns beside a body, for entries to be found by."""
    return {column: column_text(body.get(name)) for column, name in COLUMNS.items()}


def column_text(value: Any) -> Any:
    """Return a text as every database takes it: one with a zero character, or half of a character, as JSON."""
    if not isinstance(value, str) or ("\0" not in value and is_whole(value)):
        return value
    return json.dumps(value)


def is_whole(text: str) -> bool:
    """Return whether a text can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _canonical(answer: JsonObject) -> str:
    """Return the text that `topple.canonical_json` makes of such an object."""
    return json.dumps(answer, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _verdict(verdict: Verdict | None) -> JsonObject | None:
    return None if verdict is None else {name: getattr(verdict, name) for name in OF_VERDICTS}


def told_each(count: int, sentences: Sequence[str], **given: Any) -> list[Told]:
    """Return how each of several explanations was given: all the same but for the sentences.

    Raises:
        DataError: there are more or fewer sentences than explanations.
    """
    if len(sentences) != count:
        raise DataError(
            f"{len(sentences):,} sentences for {count:,} explanations: give one sentence an explanation, in their order."
        )
    return [Told(sentence=str(sentence), **given) for sentence in sentences]
