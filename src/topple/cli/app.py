"""The `topple` command and its subcommands."""

from typing import Annotated

import typer

from topple.cli import bench, completion, data, demo, doctor, evaluate, explain, explainers, fit, recommend, reproduce
from topple.cli.options import plainly

app = typer.Typer(
    name="topple",
    help="Which of this user's past items, had they never happened, would topple this recommendation out of the list?",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    add_completion=False,  # its options guess the shell and ignore the one that is named; see `completion`
)
app.command()(plainly(demo.demo))
app.add_typer(data.app, name="data")
app.command()(plainly(fit.fit))
app.command()(plainly(recommend.recommend))
app.command()(plainly(explain.explain))
app.command()(plainly(explainers.explainers))
app.command()(plainly(evaluate.evaluate))
app.add_typer(reproduce.app, name="reproduce")
app.add_typer(bench.app, name="bench")
app.command()(plainly(doctor.doctor))


@app.callback(invoke_without_command=True)
def topple(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)] = False,
    show_completion: Annotated[
        completion.Shell | None,
        typer.Option(help="Print the completion script of a shell and leave.", callback=completion.show(app)),
    ] = None,
    install_completion: Annotated[
        completion.Shell | None,
        typer.Option(help="Install the completion of a shell and leave.", callback=completion.install),
    ] = None,
) -> None:
    """Which of this user's past items, had they never happened, would topple this recommendation out of the list?"""
    if version:
        import topple as package

        typer.echo(package.__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line: exit code 0 done, 1 a check failed, 2 bad input, 130 interrupted."""
    app(prog_name=completion.COMMAND)  # also where it is run as `python -m topple`


if __name__ == "__main__":
    main()
