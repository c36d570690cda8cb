"""`topple fit`: from data to a model folder, or from a model to a fitted explainer."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topple.cli.shared.loading import load_on
from topple.cli.shared.methods import fitted_method
from topple.cli.shared.options import (
    DataChoice,
    Device,
    Factory,
    Json,
    Overwrite,
    Pairs,
    takes_data,
)
from topple.cli.shared.showing import console, show_json
from topple.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from topple.data.splitting import Split
    from topple.scoring.recommender import Recommender


@takes_data
def fit(
    choice: DataChoice,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to make, of the model or the explainer.")],
    recommender: Annotated[str | None, typer.Option(help="A recommender by name. (default: mult-vae)")] = None,
    explainer: Annotated[
        str | None,
        typer.Option(
            help="Fit an explainer that learns, by name, to the model of --model; --set and --seed are its settings."
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", "-m", help="With --explainer: the model folder. The data in it is learned from, or other data."
        ),
    ] = None,
    factory: Factory = None,
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
    """Train a recommender (or take trained weights) and save it with the data, or fit an explainer to a model.

    The best state so far is saved while training goes on, and stays if you interrupt with Ctrl-C.

    Example: topple fit --dataset ml-100k --data-dir ml-100k --out model

    Example: topple fit --explainer lxr --model model --out fitted-lxr
    """
    if explainer is not None or model is not None:
        given = {"--recommender": recommender, "--epochs": epochs, "--max-minutes": max_minutes, "--weights": weights}
        _fit_explainer(
            choice, out, explainer=explainer, folder=model, factory=factory, of_recommenders=given,
            settings=settings, seed=seed, device=device, overwrite=overwrite, json=json,
        )  # fmt: skip
        return
    if factory is not None:
        raise SettingsError(
            "--factory builds the model of --model again, and none is given. Give --explainer and --model with it."
        )
    _fit_recommender(
        choice, out, recommender=recommender or "mult-vae", weights=weights, epochs=epochs, max_minutes=max_minutes,
        settings=settings, seed=seed, device=device, overwrite=overwrite, json=json,
    )  # fmt: skip


def _fit_recommender(
    choice: DataChoice,
    out: Path,
    *,
    recommender: str,
    weights: Path | None,
    epochs: int | None,
    max_minutes: float | None,
    settings: "list[str] | None",
    seed: int,
    device: str,
    overwrite: bool,
    json: bool,
) -> None:
    """Train a recommender, or take trained weights, and save it; the arguments are those of the command."""
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


def _fit_explainer(
    choice: DataChoice,
    out: Path,
    *,
    explainer: str | None,
    folder: Path | None,
    factory: str | None,
    of_recommenders: "Mapping[str, object]",
    settings: "list[str] | None",
    seed: int,
    device: str,
    overwrite: bool,
    json: bool,
) -> None:
    """Fit an explainer to a model and save it; the arguments are those of the command, with the options that go with recommenders alone."""
    from topple import registry
    from topple.api.faces.parsing import settings_of
    from topple.api.learning.folders import MARKER
    from topple.files import refuse_existing
    from topple.reports.tables import facts_table

    if explainer is None or folder is None:
        raise SettingsError(
            "an explainer is fitted to a model. Give both --explainer NAME and --model FOLDER, or neither."
        )
    stray = [option for option, value in of_recommenders.items() if value is not None]
    if stray:
        raise SettingsError(f"{stray[0]} is of recommenders. With --explainer give its settings: --set NAME=VALUE.")
    refuse_existing(out, overwrite=overwrite, marker=MARKER)
    known = registry.load("explainers", explainer).settings_type.model_fields
    chosen = settings_of(settings, seed=seed if "seed" in known else None)
    split = choice.load() if choice.dataset is not None or choice.interactions is not None else None
    method = fitted_method(explainer, folder, load_on(folder, device, factory), split, chosen, out, overwrite=overwrite)
    if json:
        show_json({"explainer": str(out), "name": method.name, "model": str(folder), "training": method.training})
        return
    screen = console()
    screen.print(f"{method.name} for the model in {folder}", style="bold", markup=False)
    screen.print(facts_table("", method.training))
    command = shlex.join(["topple", "explain", "--model", str(folder), "--explainer", str(out)])
    for line in (f"The explainer is in {out}.", f"Next: {command}"):
        screen.print(line, markup=False, soft_wrap=True)


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
