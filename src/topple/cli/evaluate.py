"""`topple evaluate`: judge explanations anew, and measure them."""

from pathlib import Path
from typing import Annotated

import typer

from topple.cli.options import Json, ModelFolder, console, show_json


def evaluate(
    results: Annotated[Path, typer.Argument(help="A folder that `topple explain --out` wrote, or one of its files.")],
    model: ModelFolder,
    json: Json = False,
) -> None:
    """Re-rank every explanation without its set, under both candidate rules, and print PN, PS, F_NS, size, coverage.

    Example: topple evaluate explained --model model
    """
    from topple.door import evaluating
    from topple.recommenders.checkpoints import load_model
    from topple.reports.records import read_explanations
    from topple.reports.tables import evaluation_json, evaluation_table

    explanations = read_explanations(results)
    evaluation = evaluating.evaluate(load_model(model).recommender, explanations)
    if json:
        show_json(evaluation_json(evaluation))
    else:
        console().print(evaluation_table(evaluation, f"{results}"))
