"""What a batch is asked to do, as a value that travels to workers on other machines."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from topple.types import JsonObject

INPUT, USERS, ASIDE = "input", "users", "aside"
"""Folders: shards of events, of the users that explanations are of, and what was set aside."""


@dataclass(frozen=True)
class Job:
    """One batch: a model, a folder with shards of events, and what is asked about every user.

    All is plain JSON, so that an engine sends it to its workers as it is.

    Args:
        out: the folder, or an address of fsspec.
        model: the model folder.
        fingerprint: of the model; a worker that finds another one there refuses.
        asked: k, rule, goal, seed and other fields that all queries share.
        explainer: the method, by name or folder.
        settings: of the method.
        budget: of a query.
        effort: in place of settings and budget.
        reading: how the events of a user become a history: `duplicates`, `ordered`, and columns that are there.
        sentences: `because` and `language` where titles and sentences are written; empty: they are not.
        factory: builds a model that is no arrays.
        device: what computes.
        pseudonyms: the file of the key by which users are renamed; nothing: they keep their ids.
        touched: where only users are to be explained again whom these items touch, the items.
        identity: a hash of all that answers hang on but the events.
        kept: the identity of answers that are kept where the events of a user are the same.
    """

    out: str
    model: str
    fingerprint: str
    asked: JsonObject = field(default_factory=dict)
    explainer: str = "auto"
    settings: JsonObject = field(default_factory=dict)
    budget: JsonObject = field(default_factory=dict)
    effort: str | None = None
    reading: JsonObject = field(default_factory=dict)
    sentences: JsonObject = field(default_factory=dict)
    factory: str | None = None
    device: str = "cpu"
    pseudonyms: str | None = None
    touched: list[Any] | None = None
    identity: str = ""
    kept: str = ""

    def as_json(self) -> JsonObject:
        """Return the job as JSON."""
        return asdict(self)

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        """Return the job of a JSON object."""
        return cls(**told)


def shard_name(number: int) -> str:
    """Return the name of a shard, by which shards sort."""
    return f"{number:05d}"
