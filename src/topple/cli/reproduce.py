"""`topple reproduce`: a published result, from raw data to the table."""

from pathlib import Path
from typing import Annotated

import typer

from topple.cli.shared.loading import load_on, split_of
from topple.cli.shared.options import (
    DataChoice,
    Device,
    Factory,
    Json,
    K,
    Overwrite,
    Pairs,
    Seed,
    plainly,
    takes_data,
)
from topple.cli.shared.showing import console, show_json

app = typer.Typer(help="Published results, from raw data to their table.", no_args_is_help=True)


@app.callback()
def reproduce() -> None:
    """Published results, from raw data to their table."""


@app.command()
@plainly
@takes_data
def lcer(
    choice: DataChoice,
    model: Annotated[
        Path | None, typer.Option("--model", "-m", help="A model folder with its data; without it one is trained.")
    ] = None,
    lam: Annotated[float | None, typer.Option(help="LCER's lambda. (default: published for the data set)")] = None,
    alpha: Annotated[float | None, typer.Option(help="LCER's alpha. (default: published for the data set)")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="LCER's steps. (default: 3000)")] = None,
    k: K = 5,
    seed: Seed = 0,
    device: Device = "cpu",
    factory: Factory = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Training epochs of Mult-VAE. (default: 200)")] = None,
    settings: Pairs = None,
    users: Annotated[int | None, typer.Option(min=1, help="Explain the first N test users only.")] = None,
    as_published: Annotated[
        bool,
        typer.Option(
            "--as-published",
            help="Let the optimiser and the noise run on from query to query, as the published code does: the published sizes, and "
            "answers that depend on the order of the queries.",
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A folder for the explanations and the table.")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """LCER on Mult-VAE: fit, recommend, explain the top-k of every test user, evaluate, one table.

    --seed seeds the training and LCER's draws; the split has a seed of its own (--split-seed), as the published runs
    share one split.

    Example: topple reproduce lcer --dataset ml-100k --data-dir ml-100k --lam 0.01 --alpha 0.1 --as-published
    """
    from topple.api.faces.menus import preset_for
    from topple.api.faces.parsing import settings_of
    from topple.benchmark.lcer import reproduce_lcer
    from topple.explainers.lcer import LcerSettings
    from topple.files import refuse_existing
    from topple.recommenders.models.mult_vae import MultVAESettings
    from topple.reports.fitting import quality_sentence
    from topple.reports.records import MARKER, write_explanations
    from topple.reports.tables import evaluation_table

    if out is not None:
        refuse_existing(out, overwrite=overwrite, marker=MARKER)
    values = settings_of(None, lam=lam, alpha=alpha, steps=steps)
    explainer = LcerSettings.parse(values, preset_for("lcer", choice.dataset))
    trained = MultVAESettings.parse(settings_of(settings, epochs=epochs, seed=seed))
    recommender = None if model is None else load_on(model, device, factory)
    split = (None if model is None else split_of(model)) or choice.load()
    result = reproduce_lcer(
        split, explainer, trained,
        recommender=recommender, device=device, k=k, seed=seed, users=users, as_published=as_published,
    )  # fmt: skip
    if out is not None:
        write_explanations(
            result.explanations, result.recommender.catalogue, out, overwrite=overwrite, summary=result.as_json()
        )
    if json:
        show_json(result.as_json())
        return
    kind = " as published (order-dependent)" if as_published else ""
    title = f"LCER{kind} on {result.recommender.name}, {split.name}: lam {explainer.lam:g}, alpha {explainer.alpha:g}, k {k}, seed {seed}"
    console().print(quality_sentence("test", result.quality), markup=False, soft_wrap=True)
    console().print(evaluation_table(result.evaluation, title))
