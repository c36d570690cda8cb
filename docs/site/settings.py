"""The settings of a class, as a table: name, kind, default, range and meaning."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from docs.site.docstrings import cell, markdown
from docs.site.tables import table

_RANGES = {
    "ge": "at least {}",
    "gt": "above {}",
    "le": "at most {}",
    "lt": "below {}",
    "min_length": "at least {} values",
}


def settings_table(kind: Any) -> str:
    """Return the table of the fields of a settings class; a sentence where there are none."""
    if not kind.model_fields:
        return "There are none.\n"
    said = _meanings(kind)
    rows = [
        [
            f"`{name}`",
            f"`{_kind(field.annotation)}`",
            f"`{_default(field)}`",
            _range(field),
            markdown(said.get(name, "")),
        ]
        for name, field in kind.model_fields.items()
    ]
    return table(["setting", "kind", "default", "range", "meaning"], [[cell(text) for text in row] for row in rows])


def presets_text(kind: Any) -> str:
    """Return the named presets of a settings class; nothing where there are none."""
    lines = [
        f"- `{name}`: {', '.join(f'`{key}={value}`' for key, value in preset.items())}"
        for name, preset in kind.presets.items()
    ]
    return (
        "Presets, by name of the data set that they were published for:\n\n" + "\n".join(lines) + "\n" if lines else ""
    )


def _kind(annotation: Any) -> str:
    return (
        getattr(annotation, "__name__", "")
        if isinstance(annotation, type) and not getattr(annotation, "__args__", ())
        else str(annotation).replace("typing.", "")
    )


def _default(field: Any) -> str:
    return "required" if field.is_required() else str(field.get_default(call_default_factory=True))


def _range(field: Any) -> str:
    found = [
        text.format(getattr(part, name))
        for part in field.metadata
        for name, text in _RANGES.items()
        if getattr(part, name, None) is not None
    ]
    return " and ".join(found)


def _meanings(kind: type) -> dict[str, str]:
    """Return what stands in a text below each field, of the class and those that it inherits from."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        found |= dict(_below(each))
    return found


def _below(kind: type) -> Iterator[tuple[str, str]]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError, SyntaxError):  # a class that was made without a file
        return
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    for field, text in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            yield field.target.id, inspect.cleandoc(text.value.value)
