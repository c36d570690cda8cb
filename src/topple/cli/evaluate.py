"""`topple evaluate`: judge explanations anew, and measure them."""

from pathlib import Path
from typing import Annotated

import typer

from topple.cli.shared.loading import load_on, split_of
from topple.cli.shared.options import Device, Factory, Json, ModelFolder
from topple.cli.shared.showing import console, show_json
from topple.errors import QueryError


def evaluate(
    results: Annotated[Path, typer.Argument(help="A folder that `topple explain --out` wrote, or one of its files.")],
    model: ModelFolder,
    retrain: Annotated[
        int | None,
        typer.Option(
            min=1, help="Judge so many of the true sets by fitting the model anew without them too; each is a fit."
        ),
    ] = None,
    device: Device = "cpu",
    factory: Factory = None,
    json: Json = False,
) -> None:
    """Re-rank every explanation without the named set, under both candidate rules, and print PN, PS, F_NS, size, coverage.

    With --retrain the explanations must be of training users: topple explain --trained-users. Of held-out users nothing was
    trained on, and retraining without their items would change nothing.

    Example: topple evaluate explained --model model
    """
    from topple.api import evaluating
    from topple.records.io import read_explanations
    from topple.reports.tables import evaluation_json, evaluation_table, retrained_table
    from topple.verification.retraining import Retraining

    explanations, recommender = read_explanations(results), load_on(model, device, factory)
    split = None if retrain is None else split_of(model)
    if retrain is not None and split is None:
        raise QueryError(
            "this model folder holds no data to train on. Fit the model with `topple fit`, or leave --retrain out."
        )
    retraining = Retraining(split, sample=retrain) if retrain is not None and split is not None else None
    evaluation = evaluating.evaluate(recommender, explanations, retraining=retraining)
    if json:
        show_json(evaluation_json(evaluation))
    else:
        console().print(evaluation_table(evaluation, f"{results}"))
        if evaluation.retrained is not None:
            console().print(retrained_table(evaluation.retrained))
        elif retraining is not None:
            console().print("No set is true by re-ranking, so none was judged by retraining.")
