"""Completion of the command line: the script of the shell that is named, never of one that is guessed."""

from collections.abc import Callable
from enum import StrEnum

import typer
from typer import completion

COMMAND = "topple"
VARIABLE = "_TOPPLE_COMPLETE"


class Shell(StrEnum):
    """A shell whose completion can be printed or installed."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"
    PWSH = "pwsh"


def show(app: typer.Typer) -> Callable[[Shell | None], None]:
    """Return the callback of `--show-completion`: it prints the script and ends the command."""
    completion.completion_init()  # type: ignore[attr-defined] # else Click's answers meet Typer's scripts

    def callback(shell: Shell | None) -> None:
        if shell is None:
            return
        raise typer.Exit(
            completion.shell_complete(typer.main.get_command(app), {}, COMMAND, VARIABLE, f"source_{shell}")
        )

    return callback


def install(shell: Shell | None) -> None:
    """Put the script where the shell looks for it, say where that is, and end the command."""
    if shell is None:
        return
    _, path = completion.install(shell=shell.value, prog_name=COMMAND, complete_var=VARIABLE)  # type: ignore[attr-defined]
    typer.echo(f"Completion for {shell} is in {path}. Open a new terminal to use it.")
    raise typer.Exit
