from dataclasses import fields
from pathlib import Path

import topple
from topple.records.answer import Explanation
from topple.records.fields import FIELDS, as_markdown
from topple.records.question import Query

PAGE = Path(topple.__file__).resolve().parents[2] / "docs" / "explanation-fields.md"


def test_everything_that_the_records_hold_has_a_field():
    stored = {field.path for field in FIELDS if field.read}
    asked = {f"query.{field.name}" for field in fields(Query)} - {"query.left_out"}  # the reason of the answer tells
    answered = {field.name for field in fields(Explanation)} - {"query", "verdict"}
    assert stored == asked | answered


def test_names_are_told_apart_and_each_says_what_it_holds():
    assert len({field.name for field in FIELDS}) == len(FIELDS)
    assert all(field.about.endswith(".") for field in FIELDS)


def test_the_page_of_the_fields_is_that_of_the_table():
    assert PAGE.read_text(encoding="utf-8").endswith(as_markdown())
