"""What a docstring says, in parts, as Markdown."""

import inspect
import re
import textwrap
from dataclasses import dataclass, field
from typing import Any

LABELS = ("Source", "Differs from it in", "Needs", "Cost", "Random")
"""What a docstring of a method or metric may say in so many words: `Needs: nothing.  Cost: ...`."""
SECTIONS = ("Args", "Returns", "Raises", "Yields", "Example", "Examples", "Attributes", "Note", "Notes")
_LABEL = re.compile(rf"(?:(?<=\s)|^)({'|'.join(LABELS)}):\s+")
_CODE = re.compile(r"(``.+?``|`[^`]+`)", flags=re.DOTALL)
_SPECIAL = re.compile(r"([\\*_$<>{}\[\]#|~])")


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring in parts.

    Args:
        summary: the first paragraph.
        paragraphs: the further ones, without those of sections and labels.
        labels: what is said behind each of `LABELS`.
        sections: the text of each section, such as Example, without indentation.
    """

    summary: str
    paragraphs: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)


def read(owner: Any) -> Docstring:
    """Return the docstring of a class, function or module in parts; that of a class that has none says nothing."""
    text = inspect.getdoc(owner) if not inspect.isclass(owner) else inspect.cleandoc(owner.__doc__ or "")
    return parted(text or "")


def parted(text: str) -> Docstring:
    """Return a docstring in parts."""
    body, sections = _without_sections(text.splitlines())
    found = _LABEL.split(body)
    said, labels = found[0], dict(zip(found[1::2], map(_one_line, found[2::2]), strict=True))
    first, *more = [part.strip("\n") for part in re.split(r"\n\s*\n", said) if part.strip()] or [""]
    return Docstring(_one_line(first), tuple(more), labels, sections)


def _without_sections(lines: list[str]) -> tuple[str, dict[str, str]]:
    """Return the text without its sections, and the sections."""
    kept: list[str] = []
    sections: dict[str, list[str]] = {}
    current: list[str] = kept
    for line in lines:
        head = re.fullmatch(rf"({'|'.join(SECTIONS)}):", line.rstrip())
        if head:
            current = sections.setdefault(head[1], [])
        elif line and not line[0].isspace() and current is not kept:
            current = kept
            current.append(line)
        else:
            current.append(line)
    return "\n".join(kept), {name: textwrap.dedent("\n".join(part)).strip("\n") for name, part in sections.items()}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def markdown(text: str) -> str:
    """Return the text of a docstring as Markdown in which only code between backticks is marked."""
    parts = _CODE.split(text)
    return "".join(_code(part) if number % 2 else _SPECIAL.sub(r"\\\1", part) for number, part in enumerate(parts))


def _code(text: str) -> str:
    inner = " ".join(text.strip("`").split())
    return f"`{inner}`"


def cell(text: str) -> str:
    """Return Markdown as the cell of a table: in one line, without a bar that would end the cell."""
    return re.sub(r"(?<!\\)\|", r"\\|", _one_line(text))
