"""`topple fit`: from data to a model folder."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topple.cli.shared.options import (
    DataChoice,
    Device,
    Json,
    Overwrite,
    Pairs,
    takes_data,
)
from topple.cli.shared.showing import console, show_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from topple.data.splitting import Split
    from topple.scoring.recommender import Recommender


@takes_data
def fit(
    choice: DataChoice,
    out: Annotated[Path, typer.Option("--out", "-o", help="The model folder to make.")],
    recommender: Annotated[str, typer.Option(help="A recommender by name.")] = "mult-vae",
    epochs: Annotated[int | None, typer.Option(min=1, help="Training epochs.")] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(min=0.01, help="End the training after this time, within an epoch too."),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(help="Of the training: the same model with the same number of threads, which model.json records."),
    ] = 0,
    device: Device = "cpu",
    settings: Pairs = None,
    weights: Annotated[
        Path | None, typer.Option(help="An .npz file of trained arrays: take these instead of training.")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Train a recommender (or take trained weights) and save it with the data.

    The best state so far is saved while training goes on, and stays if you interrupt with Ctrl-C.

    Example: topple fit --dataset ml-100k --data-dir ml-100k --out model
    """
    from topple import registry
    from topple.api import fitting
    from topple.api.faces.keeping import KeepBest
    from topple.api.faces.parsing import settings_of
    from topple.files import refuse_existing
    from topple.recommenders.saving.folders import load_arrays
    from topple.recommenders.training.quality import askable, held_out_quality
    from topple.scoring.devices import device_of, on_device
    from topple.scoring.recommender import Capability

    device_of(device)  # refused before the data is read
    refuse_existing(out, overwrite=overwrite, marker="model.json")
    model_class = registry.load("recommenders", recommender)
    draws = seed if "seed" in model_class.settings_type.model_fields else None
    chosen = model_class.settings_type.parse(settings_of(settings, epochs=epochs, max_minutes=max_minutes, seed=draws))
    arrays = None if weights is None else load_arrays(weights)
    split = choice.load()
    split = (
        split if Capability.ORDER_AWARE in model_class.capabilities else split.merged()
    )  # as it is fitted, and asked
    keep = KeepBest(out, split, overwrite=overwrite)
    if arrays is not None:
        model = on_device(model_class.from_arrays(arrays, split.catalogue, chosen), device)
        model.training = {"weights": weights.name if weights else ""}
    else:
        model = fitting.fit(split, recommender, settings=chosen, on_best=keep, device=device)
    keep.finish(model)
    known = "validation_ndcg_100" in model.training
    validation = {"ndcg_100": model.training["validation_ndcg_100"]} if known else {}
    validation["users"] = float(len(askable(split.validation)))
    quality = {"validation": validation, "test": held_out_quality(model, split.test)}
    if json:
        data = {"account": split.account.as_json(), "data": split.describe()}
        show_json({"model": str(out), "recommender": recommender, **data, "training": model.training, **quality})
    else:
        _tell(model, split, recommender, out, quality)
    if model.training.get("interrupted"):
        raise typer.Exit(130)


def _tell(
    model: "Recommender", split: "Split", name: str, out: Path, quality: "Mapping[str, Mapping[str, float]]"
) -> None:
    """Say what was read, left out and held out, what was learned, how good it is, where it is, and what to do next."""
    from topple.reports.fitting import quality_sentence, split_sentences, training_sentences

    screen = console()
    screen.print(f"{name} on {split.name}", style="bold", markup=False)
    lines = [*split.account.sentences(), *split_sentences(split), *training_sentences(model.training)]
    lines += [quality_sentence(kind, means) for kind, means in quality.items() if len(means) > 1]
    user = next(iter(split.histories(limit=1)), None)
    command = shlex.join(["topple", "explain", "--model", str(out), *([] if user is None else ["--user", str(user)])])
    for line in [*lines, f"The model and the data are in {out}.", f"Next: {command}"]:
        screen.print(line, markup=False, soft_wrap=True)
