"""`topple demo`: the main job on a generated catalogue, with no network."""

from pathlib import Path
from typing import Annotated

import typer

from topple.cli.shared.options import Json, Overwrite, Seed
from topple.cli.shared.showing import console, show_explanations, show_json

DEMO = {"epochs": 60, "batch_size": 100, "hidden": 200, "latent": 64}


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="A folder for the model and the results.")] = Path(
        "topple-demo"
    ),
    users: Annotated[int, typer.Option(min=1, help="How many users to explain.")] = 4,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Train a recommender on generated films, explain the top-5 of a few users, verify, and write the results."""
    from topple.api.evaluating import evaluate
    from topple.api.explaining import explain
    from topple.api.fitting import fit
    from topple.data.sources import load_split
    from topple.files import refuse_existing
    from topple.recommenders.saving.folders import save_model
    from topple.recommenders.training.quality import held_out_quality
    from topple.reports.records import MARKER, write_explanations
    from topple.reports.tables import evaluation_json, evaluation_table

    refuse_existing(out / "model", overwrite=overwrite, marker="model.json")
    refuse_existing(out / "explained", overwrite=overwrite, marker=MARKER)
    split = load_split("generated")
    model = fit(split, "mult-vae", settings={**DEMO, "seed": seed})
    explanations = explain(model, split.histories(limit=users), k=5, seed=seed)
    evaluation = evaluate(model, explanations)
    summary = {**evaluation_json(evaluation), **held_out_quality(model, split.test, ndcg=(10,), recall=(10,))}
    save_model(model, out / "model", split, overwrite=overwrite)
    write_explanations(explanations, model.catalogue, out / "explained", overwrite=overwrite, summary=summary)
    if json:
        show_json(summary)
        return
    show = console()
    show_explanations(explanations, model.catalogue, table=False)
    show.print(evaluation_table(evaluation, "Are they true? Re-ranked without the removed items"))
    show.print(f"The model is in {out}/model, the results are in {out}/explained (Parquet, JSON Lines).")
    show.print(f"Next: topple explain --model {out}/model --user {next(iter(split.histories(limit=9)))}", style="dim")
