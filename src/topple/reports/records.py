"""A folder of explanations: Parquet for machines, JSON Lines for people and machines, titles and sentences in both."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow.parquet as pq

from topple.data.vocabulary import Catalogue
from topple.errors import need
from topple.files import writing
from topple.records.answer import Explanation
from topple.records.as_json import as_json
from topple.records.io import ITEM_LISTS, LINES, TABLE, item_lists_of, to_row, to_table
from topple.records.telling.beside import Titles, beside
from topple.reports.sentences import told
from topple.types import FilePath, Id, JsonObject

MARKER = TABLE
"""The file that tells a result folder from others; only such a folder is ever replaced."""


def write_explanations(
    explanations: Sequence[Explanation],
    catalogue: Catalogue,
    folder: FilePath,
    *,
    overwrite: bool = False,
    **extra: JsonObject,
) -> None:
    """Write a result folder.

    It holds `explanations.parquet` and `explanations.jsonl`, `item_lists.json` where queries limit the candidates, and
    `<name>.json` for each extra object.

    Raises:
        DataError: an id that no file can hold: of more than 64 bits, or with halves of characters.
        OutputExistsError: the folder exists and `overwrite` is False.
        OutputError: it could not be written; what was there before is unchanged.
    """
    need(catalogue, Catalogue, "catalogue", "the catalogue of the model")
    need(explanations, Sequence, "explanations", "a list of explanations")
    for explanation in explanations:
        need(explanation, Explanation, "an explanation", "what explain or read_explanations returned")
    words = words_of(catalogue)
    rows = [to_row(explanation, words) for explanation in explanations]
    write_rows(rows, item_lists_of(explanations), catalogue, folder, overwrite=overwrite, **extra)


def write_rows(
    rows: Sequence[JsonObject],
    item_lists: Mapping[str, Sequence[Id]],
    catalogue: Catalogue,
    folder: FilePath,
    *,
    overwrite: bool = False,
    **extra: JsonObject,
) -> None:
    """Write a result folder of rows that `to_row` made with the words of the catalogue, as `write_explanations` does."""
    objects: dict[str, Any] = {f"{name}.json": as_json(value, indent=2) for name, value in extra.items()}
    if item_lists:
        objects[ITEM_LISTS] = as_json(item_lists)
    with writing(folder, overwrite=overwrite, marker=MARKER) as aside:
        aside.mkdir()
        pq.write_table(to_table(rows, catalogue.vocabulary.column.type), aside / TABLE)
        with (aside / LINES).open("w", encoding="utf-8") as file:
            file.writelines(as_json(row) + "\n" for row in rows)
        for name, text in objects.items():
            (aside / name).write_text(text + "\n", encoding="utf-8")


def explanation_json(explanation: Explanation, catalogue: Catalogue, **wording: str) -> JsonObject:
    """Return one explanation as a JSON object: every field, titles and sentence, and the item lists that the query names."""
    row, lists = to_row(explanation, words_of(catalogue, **wording)), item_lists_of([explanation])
    return {**row, "item_lists": lists} if lists else row


def as_dict(explanation: Explanation) -> JsonObject:
    """Return one explanation as a JSON object: every field, the titles and the sentence that are known here, and the item lists."""
    row, lists = to_row(explanation, words_of(beside(explanation).titles)), item_lists_of([explanation])
    return {**row, "item_lists": lists} if lists else row


def words_of(
    catalogue: Titles, *, because: str = "liked", language: str = "en"
) -> dict[str, Callable[[Explanation], Any]]:
    """Return what a catalogue tells of an explanation, by field; `because` and `language` are those of `sentence`."""

    def titles(items: Iterable[Id]) -> list[str]:
        return [catalogue.title(item) for item in items]

    return {
        "target_title": lambda explanation: _title(explanation.query.target, catalogue),
        "item_titles": lambda explanation: titles(explanation.items),
        "replacement_titles": lambda explanation: titles(explanation.replacements),
        "sentence": lambda explanation: told(explanation, catalogue, because=because, language=language),
    }


def _title(item: Id | None, catalogue: Titles) -> str | None:
    """Return a title; None for the target of a query that has none, as no list could be made."""
    return None if item is None else catalogue.title(item)
