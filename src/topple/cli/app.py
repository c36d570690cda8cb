"""The `topple` command: subcommands, the version, and the completion of a shell."""

from enum import StrEnum
from typing import Annotated

import typer
from typer import completion

from topple.cli import (
    agree,
    bench,
    compare,
    data,
    demo,
    doctor,
    evaluate,
    explain,
    explainers,
    fit,
    recommend,
    reproduce,
    what_if,
)
from topple.cli.batch import command as batch
from topple.cli.service import audit, dossier, keys, report, serve
from topple.cli.shared.guarding import Guarded
from topple.cli.shared.options import plainly

COMMAND = "topple"
VARIABLE = "_TOPPLE_COMPLETE"


class Shell(StrEnum):
    """A shell whose completion can be printed or installed."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"
    PWSH = "pwsh"


app = typer.Typer(
    name="topple",
    cls=Guarded,
    help="Which of this user's past items, had they never happened, would topple this recommendation out of the list?",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    add_completion=False,  # the options that Typer adds guess the shell and ignore the one that is named
)
app.command()(plainly(demo.demo))
app.add_typer(data.app, name="data")
app.command()(plainly(fit.fit))
app.command()(plainly(recommend.recommend))
app.command()(plainly(what_if.what_if))
app.command()(plainly(agree.agree))
app.command()(plainly(explain.explain))
app.command()(plainly(batch.batch))
app.command()(plainly(batch.erase))
app.command()(plainly(explainers.explainers))
app.command()(plainly(evaluate.evaluate))
app.command()(plainly(report.report))
app.command()(plainly(dossier.dossier))
app.command()(plainly(compare.compare))
app.add_typer(reproduce.app, name="reproduce")
app.add_typer(bench.app, name="bench")
app.command()(plainly(serve.serve))
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")
app.command()(plainly(doctor.doctor))
completion.completion_init()  # type: ignore[attr-defined] # else the scripts are Typer's and the answers Click's


def _show(shell: Shell | None) -> None:
    """Print the script of a shell, and end the command."""
    if shell is None:
        return
    command = typer.main.get_command(app)
    raise typer.Exit(completion.shell_complete(command, {}, COMMAND, VARIABLE, f"source_{shell}"))


def _install(shell: Shell | None) -> None:
    """Put the script where the shell looks for it, say where that is, and end the command."""
    if shell is None:
        return
    _, path = completion.install(shell=shell.value, prog_name=COMMAND, complete_var=VARIABLE)  # type: ignore[attr-defined]
    typer.echo(f"Completion for {shell} is in {path}. Open a new terminal to use it.")
    raise typer.Exit


@app.callback(invoke_without_command=True)
def topple(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)] = False,
    show_completion: Annotated[
        Shell | None,
        typer.Option(help="Print the completion script of a shell and leave.", callback=_show),
    ] = None,
    install_completion: Annotated[
        Shell | None,
        typer.Option(help="Install the completion of a shell and leave.", callback=_install),
    ] = None,
) -> None:
    """Which of this user's past items, had they never happened, would topple this recommendation out of the list?"""
    if version:
        import topple as package

        typer.echo(package.__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line: exit code 0 done, 1 a check or topple itself failed, 2 bad input, 130 interrupted."""
    app(prog_name=COMMAND)  # also where it is run as `python -m topple`


if __name__ == "__main__":
    main()
