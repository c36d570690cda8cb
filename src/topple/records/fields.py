"""The table of fields of a stored explanation; JSON, columns and documentation derive from it."""

from dataclasses import dataclass
from functools import cached_property

from topple.records import kinds
from topple.records.kinds import Kind

SCHEMA = "topple.explanation/3"

NULLABLE = {
    *("user", "context", "context_key", "target", "largest", "candidates", "exclude"),
    *("rank_before", "rank_after", "rank_alone", "proof", "at_least", "margin", "shown_is_models"),
}
"""The fields of a record that may be null."""


@dataclass(frozen=True)
class Field:
    """One field of a stored explanation.

    Args:
        name: the key of JSON, and the column.
        kind: how a value is stored.
        path: the attribute of the Explanation that holds the value, such as "query.k"; nothing for titles and the sentence, which
            need a catalogue.
        about: one line for readers.
        read: whether the value goes back into the record; False for what follows from other fields.
        same: whether two answers are the same only if their values are equal; canonical JSON holds such fields.
        since: the first schema that has the field.
    """

    name: str
    kind: Kind
    path: str
    about: str
    read: bool = True
    same: bool = True
    since: int = 2

    @cached_property
    def nullable(self) -> bool:
        """Whether null stands for something; in other fields it is no value."""
        return self.name in NULLABLE

    @cached_property
    def owner(self) -> str:
        """The record of the Explanation that holds the value, query or verdict; nothing for the Explanation itself."""
        return self.path.rpartition(".")[0]

    @cached_property
    def attribute(self) -> str:
        """The name of the value there."""
        return self.path.rpartition(".")[2]


def _derived(name: str, kind: Kind, about: str, path: str = "", since: int = 2) -> Field:
    """Return a field that follows from other fields, or from the catalogue; it is written and never read back."""
    return Field(name, kind, path, about, read=False, same=False, since=since)


def _varying(name: str, kind: Kind, about: str, since: int = 2) -> Field:
    """Return a field that may vary while the answer is the same: times, counts of work, identities, scores."""
    return Field(name, kind, name, about, same=False, since=since)


QUESTION: tuple[Field, ...] = (
    Field("user", kinds.USER, "query.user", "Whose history it is; null for a history of nobody's."),
    Field("history", kinds.ITEMS, "query.history", "The item of each event, oldest first where times are known."),
    Field("weights", kinds.NUMBERS, "query.weights", "The weight of each event; empty for 1 each.", since=3),
    Field("times", kinds.NUMBERS, "query.times", "The time of each event; empty where the model was told none.", since=3),
    _derived("history_fingerprint", kinds.TEXT, "A short hash of events, weights, times and context.", "query.history_fingerprint", 3),
    Field("context", kinds.CONTEXT, "query.context", "What else the model was told; JSON.", same=False, since=3),
    Field("context_key", kinds.TEXT, "query.context_key", "The name of the context; the JSON text where it is JSON.", since=3),
    _derived("replayable", kinds.FLAG, "Whether the file tells the whole question; false for contexts without key.", "query.replayable", 3),
    Field("repeats", kinds.TEXT, "query.repeats", "What is named where an item comes again: item or events.", since=3),
    Field("target", kinds.ITEM, "query.target", "The recommended item that is explained."),
    _derived("target_title", kinds.TEXT, "The title of the target."),
    Field("k", kinds.WHOLE, "query.k", "The length of the list."),
    Field("rule", kinds.TEXT, "query.rule", "Which items compete after the removal: unseen_before, unseen_after, all."),
    Field("goal", kinds.TEXT, "query.goal", "What the set is to do: necessary, sufficient, both."),
    Field("protected", kinds.ITEM_SET, "query.protected", "Items that may not be named."),
    Field("groups", kinds.ITEM_LISTS, "query.groups", "Items that are named together or not at all."),
    Field("item_costs", kinds.COSTS, "query.item_costs", "What it costs to name an item; others cost 1."),
    Field("largest", kinds.WHOLE, "query.largest", "Most items of a set; null for no limit."),
    Field("sets", kinds.WHOLE, "query.sets", "How many different smallest sets were wanted."),
    Field("candidates", kinds.LIST_NAME, "query.candidates", "The only items that may be listed: their name in item_lists.json.", since=3),
    Field("exclude", kinds.LIST_NAME_OF_ANY, "query.exclude", "Items that may not be listed: their name in item_lists.json.", since=3),
    Field("seed", kinds.WHOLE, "query.seed", "The seed of the run."),
)  # fmt: skip

ANSWER: tuple[Field, ...] = (
    Field("status", kinds.TEXT, "status", "How it ended: found, not_found, budget_spent, impossible, invalid."),
    Field("items", kinds.ITEMS, "items", "The named set: what is removed, or with the goal sufficient what is kept."),
    _derived("item_titles", kinds.TEXTS, "The titles of the named items."),
    Field("positions", kinds.WHOLES, "positions", "The positions of the named events in the history, from 0.", since=3),
    Field("alternatives", kinds.ITEM_LISTS, "alternatives", "Other sets of the same size or cost that are true too."),
    Field("replacements", kinds.ITEMS, "replacements", "Items that enter the list, best first."),
    _derived("replacement_titles", kinds.TEXTS, "The titles of the replacements."),
    Field("rank_before", kinds.WHOLE, "rank_before", "The rank of the target for the whole history, from 1."),
    Field("rank_after", kinds.WHOLE, "rank_after", "The rank of the target without the set."),
    Field("rank_alone", kinds.WHOLE, "rank_alone", "The rank of the target with nothing but the set."),
    Field("proof", kinds.TEXT, "proof", "What was checked: valid, minimal, minimum; null for a set that is not true."),
    Field("at_least", kinds.NUMBER, "at_least", 'What a set costs at least, in items or costs; "infinity" where no set does it.', since=3),
    Field("proof_by", kinds.TEXT, "proof_by", "The method that proved at_least; nothing where none did.", since=3),
    _varying("margin", kinds.NUMBER, "By how much the set does it, in units of score; above 0 for a set that is true.", 3),
    Field("within_rounding", kinds.FLAG, "within_rounding", "Whether a competitor is so near that rounding decides.", since=3),
    _derived("without_evidence", kinds.FLAG, "Whether the target leaves since nothing left speaks for it.", "verdict.without_evidence", 3),
    _derived("whole_history", kinds.FLAG, "The same, and the set is a whole history of two items or more.", "verdict.whole_history", 3),
    _varying("attributions", kinds.NUMBERS, "A number for each event, higher holds the target up; empty for no such method.", 3),
    _varying("attribution_errors", kinds.NUMBERS, "The standard error of each attribution, where a method knows it.", 3),
    Field("shown", kinds.ITEMS, "shown", "The list as it was shown, best first; empty where that was not told.", since=3),
    Field("shown_is_models", kinds.FLAG, "shown_is_models", "Whether the list as shown is the model's; null where not asked.", since=3),
    _varying("cost", kinds.WHOLE, "Work, in scored histories."),
    _varying("seconds", kinds.NUMBER, "The query's share of the time of its batch."),
    Field("method", kinds.TEXT, "method", "The explainer."),
    Field("settings", kinds.OBJECT, "settings", "The settings of the explainer."),
    _varying("model", kinds.TEXT, "The identity of the model."),
    _varying("catalogue", kinds.TEXT, "The identity of the catalogue: item ids and their order."),
    _varying("data", kinds.TEXT, "The identity of the data that the model was fitted on; nothing where it is not known.", 3),
    _varying("at", kinds.TEXT, "When, in UTC.", 3),
    _varying("version", kinds.TEXT, "The version of topple.", 3),
    Field("reason", kinds.TEXT, "reason", "Why there is no set, or what there is to know of it."),
    _derived("sentence", kinds.TEXT, "The explanation in words."),
)  # fmt: skip

FIELDS: tuple[Field, ...] = QUESTION + ANSWER
COMPARED = tuple(field for field in FIELDS if field.same)
"""The fields that are equal for the same answer to the same question."""


def as_markdown() -> str:
    """Return the fields as a table for readers."""
    lines = ["| field | what it holds | kind |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| `{field.name}` | {field.about} | {field.kind.name} |" for field in FIELDS)]) + "\n"
