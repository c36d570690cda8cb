"""The pages of the command line: every command with its arguments and options, as `--help` says them."""

from collections.abc import Iterator
from typing import Any

import typer.main

from docs.site.docstrings import cell, markdown
from docs.site.tables import table

_PLAIN = {"str": "text", "int": "whole number", "float": "number"}


def pages() -> dict[str, str]:
    """Return the text of each page by path."""
    from topple.cli.app import app

    commands = dict(_commands(typer.main.get_command(app), ()))
    found = {f"commands/{'-'.join(words)}.md": page(words, command) for words, command in commands.items()}
    rows = [
        [f"[topple {' '.join(words)}]({'-'.join(words)}.md)", cell(markdown(_first(command)))]
        for words, command in commands.items()
    ]
    listed = "\n".join("-".join(words) for words in commands)
    lead = (
        "Every command that answers takes `--json`. Exit codes: 0 done, 1 a check failed, 2 bad input (one message says what, "
        "and what to do), 130 interrupted."
    )
    found["commands/index.md"] = (
        f"# Command line\n\n{lead}\n\n{table(['command', 'what it does'], rows)}\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    )
    return found


def page(words: tuple[str, ...], command: Any) -> str:
    """Return the page of a command."""
    name = " ".join(("topple", *words))
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    usage = " ".join([name, *(f"{each.name.upper()}" for each in arguments), "[OPTIONS]"])
    parts = [f"# {name}\n", *(f"{paragraph}\n" for paragraph in _paragraphs(command)), f"```text\n{usage}\n```\n"]
    if arguments:
        parts.append(
            table(
                ["argument", "meaning"], [[f"`{each.name.upper()}`", cell(markdown(_help(each)))] for each in arguments]
            )
        )
    panels: dict[str, list[Any]] = {}
    for each in command.params:
        if each.param_type_name == "option" and not getattr(each, "hidden", False):
            panels.setdefault(getattr(each, "rich_help_panel", None) or "Options", []).append(each)
    for panel, options in panels.items():
        rows = [
            [
                " ".join(f"`{option}`" for option in (*each.opts, *each.secondary_opts)),
                _kind(each),
                _default(each),
                cell(markdown(_help(each))),
            ]
            for each in options
        ]
        parts.append(f"## {panel}\n\n{table(['option', 'kind', 'default', 'meaning'], rows)}")
    return "\n".join(parts)


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        yield words, command
        return
    for name, inner in command.commands.items():
        if not inner.hidden:
            yield from _commands(inner, (*words, name))


def _paragraphs(command: Any) -> Iterator[str]:
    for paragraph in (command.help or "").split("\n\n"):
        text = " ".join(paragraph.replace("\b", "").split())
        if text.startswith("Example: "):
            yield f"```console\n{text.removeprefix('Example: ')}\n```"
        elif text:
            yield markdown(text)


def _first(command: Any) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())


def _help(parameter: Any) -> str:
    return " ".join((getattr(parameter, "help", None) or "").split())


def _kind(option: Any) -> str:
    """Return the kind of value that an option takes; older versions of typer tell it in another attribute."""
    described = getattr(option, "type_descriptor", None)
    name = (
        described.annotation.__name__.lower()
        if hasattr(described, "annotation")
        else getattr(getattr(option, "type", None), "name", "")
    )
    return "" if option.is_flag or not name else f"`{_PLAIN.get(name, name)}`"


def _default(option: Any) -> str:
    given = option.show_default if isinstance(option.show_default, str) else option.default
    if option.required:
        return "required"
    return (
        ""
        if given in (None, False, (), []) or callable(given) or option.is_flag
        else cell(markdown(f"`{given}`" if not isinstance(option.show_default, str) else str(given)))
    )
