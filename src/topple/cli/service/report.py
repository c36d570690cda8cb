"""`topple report`: a folder of explanations as one page."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from topple.cli.shared.options import Json, Overwrite
from topple.cli.shared.showing import console, show_json

DEFAULT = Path("report.html")


def report(
    results: Annotated[Path, typer.Argument(help="A folder that `topple explain --out` wrote, or one of its files.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The page, a file .html. (default: report.html; with --json none)"),
    ] = None,
    title: Annotated[str, typer.Option(help="Of the page. (default: the name of the folder)", show_default=False)] = "",
    most: Annotated[int, typer.Option(min=1, help="Rows of a table of items, users and reasons at most.")] = 50,
    language: Annotated[str, typer.Option(help="The language of the page: en or de.")] = "en",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Report on a folder of explanations: one HTML file that opens offline, with figures, pictures and tables that sort.

    It counts what the folder says, and asks no model: `topple evaluate` judges the sets anew.

    Example: topple report explained --out report.html
    """
    from topple.api.papers.report import report as counted_report
    from topple.reports.papers.pages import check_page
    from topple.reports.papers.report_words import figure_of, figure_value

    page = None if out is None and json else out or DEFAULT
    if page is not None:
        check_page(page, overwrite=overwrite)
    found = counted_report(results, title=title, most=most, language=language)
    if page is not None:
        found.write(page, overwrite=overwrite)
    if json:
        show_json(found.as_json())
        return
    table = Table(title=Text(found.numbers["title"]))
    for column in ("figure", "value", "of"):
        table.add_column(column, justify="right" if column == "value" else "left")
    for each in found.numbers["figures"]:
        table.add_row(each["title"], figure_value(each), figure_of(each))
    console().print(table)
    console().print(f"Written: {page}", markup=False, soft_wrap=True)
