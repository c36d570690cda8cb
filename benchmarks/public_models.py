"""Public implementations on topple's split by topple's measure, beside the native models.

    python -m benchmarks.public_models [--data-dir FOLDER] [--only NAME ...] [--split-seeds 1 2 3] [--json FILE]

Every model is judged by `held_out_quality`: NDCG@100, Recall@20 and Recall@50 of all test users, the whole catalogue
without the fold-in as candidates. The epoch is chosen by the NDCG@100 of the validation users, and a public training
ends after thirty epochs without a better one, or when its time is up; the test users choose nothing. A row has the
setting "own", the library's defaults, or "published", what RecBole publishes as best for MovieLens 1M where that
differs (`benchmark/hyper` there).

"knows them" in a row: the model has a vector for each user and cannot score somebody new, so the histories of the
validation and the test users are part of what it is trained on. That is more than the native models are given, who meet
these people after training. Sequence models are trained on the training users in time order and asked with the history,
oldest first. A library that is not installed is skipped, and its rows say so. RecTools needs its extra `torch` for
SASRec; LightGCN of Cornac needs DGL and is left out; SASRec of RecBole and of Cornac takes minutes an epoch on a core.
"""

import argparse
import json
import sys
import time
import warnings
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

import topple
from benchmarks import public_trainings as training
from benchmarks.public_trainings import Limits, Train
from topple.data.splitting import Split
from topple.recommenders.training.quality import held_out_quality


@dataclass(frozen=True)
class Entrant:
    """One row.

    Args:
        native: the native model that it stands beside.
        library: the package; "topple" for a native model.
        model: its own name there.
        train: trains it.
        setting: "own", "published", or what was set.
        knows_them: whether it was trained on the histories of the held-out users.
    """

    native: str
    library: str
    model: str
    train: Train
    setting: str = "own"
    knows_them: bool = False

    @property
    def name(self) -> str:
        """What `--only` calls it."""
        return f"{self.library}:{self.model}:{self.setting}".replace(" ", "")

    def is_called(self, part: str) -> bool:
        """Whether `--only` means it by this."""
        return part in (self.native, self.library) or part in self.name


@dataclass
class Row:
    """What was measured; `reason` says why nothing was."""

    native: str
    model: str
    library: str
    setting: str
    knows_them: bool
    split_seed: int
    version: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    epochs: str = ""
    seconds: float = 0.0
    reason: str = ""


def native(name: str, **settings: Any) -> Entrant:
    """Return the row of a native model."""
    told = ", ".join(f"{key}={settings[key]}" for key in settings)
    return Entrant(name, "topple", name, training.native(name, **settings), told or "own")


def recbole(beside: str, name: str, **published: Any) -> Entrant:
    """Return the row of a model of RecBole, with its own or the published settings."""
    train, setting = training.recbole(name, **published), "published" if published else "own"
    return Entrant(beside, "recbole", name, train, setting, knows_them=name in training.OF_USERS)


ENTRANTS = (
    native("popularity"),
    recbole("popularity", "Pop"),
    native("item-knn"),
    recbole("item-knn", "ItemKNN"),
    recbole("item-knn", "ItemKNN", k=250, shrink=1.2),
    Entrant("item-knn", "implicit", "CosineRecommender", training.from_zoo("implicit:cosine", 1), "K=100"),
    native("ease"),
    recbole("ease", "EASE"),
    native("als"),
    Entrant("als", "implicit", "ALS", training.implicit_als),
    Entrant("als", "implicit", "ALS", training.from_zoo("implicit:als", 15), "as native"),
    native("mult-vae"),
    recbole("mult-vae", "MultiVAE"),
    native("bpr"),
    recbole("bpr", "BPR"),
    recbole("bpr", "BPR", learning_rate=5e-4),
    Entrant("bpr", "implicit", "BPR", training.implicit_bpr, knows_them=True),
    Entrant("bpr", "cornac", "BPR", training.cornac_bpr, "k=64", knows_them=True),
    native("lightgcn"),
    recbole("lightgcn", "LightGCN"),
    recbole("lightgcn", "LightGCN", learning_rate=5e-4, n_layers=1, reg_weight=0.01),
    native("neumf"),
    recbole("neumf", "NeuMF"),
    recbole("neumf", "NeuMF", mf_train=False),
    Entrant("neumf", "cornac", "NeuMF", training.cornac_neumf, knows_them=True),
    native("sasrec"),
    native("sasrec", held_out=0),
    recbole("sasrec", "SASRec"),
    recbole("sasrec", "SASRec", learning_rate=5e-4),
    Entrant("sasrec", "rectools", "SASRec", training.rectools_sasrec, "n_factors=64"),
    Entrant("sasrec", "cornac", "SASRec", training.cornac_sasrec),
)


def measured(entrant: Entrant, split: Split, seed: int, limits: Limits) -> Row:
    """Train and judge one entrant; one whose library is missing or fails becomes a row with its reason."""
    row = Row(entrant.native, entrant.model, entrant.library, entrant.setting, entrant.knows_them, seed)
    try:
        row.version = version(entrant.library)
        torch.manual_seed(0)
        started = time.perf_counter()
        model, row.epochs = entrant.train(split, limits)
        row.seconds = round(time.perf_counter() - started, 1)
        validation = held_out_quality(model, split.validation, recall=())["ndcg_100"]
        row.figures = {"validation_ndcg_100": validation, **held_out_quality(model, split.test)}
    except PackageNotFoundError:
        row.reason = "not installed"
    except Exception as error:  # noqa: BLE001 # whatever another library raises: the other rows go on
        row.reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
    return row


def table(rows: list[Row]) -> str:
    """Return rows as Markdown."""
    names = ("validation_ndcg_100", "ndcg_100", "recall_20", "recall_50")
    head = ("beside", "model", "setting", "knows them", "split", *names, "epochs: best of all", "s")
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        figures = [f"{row.figures[name]:.3f}" for name in names] if row.figures else ["-"] * len(names)
        what = f"{row.library} {row.version} {row.model}"
        knows, end = "yes" if row.knows_them else "", row.reason or row.epochs
        cells = (row.native, what, row.setting, knows, str(row.split_seed), *figures, end, f"{row.seconds:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data-dir", type=Path, help="folder of the published files; None downloads them")
    arguments.add_argument("--dataset", default="ml-100k")
    arguments.add_argument("--only", nargs="*", default=[], help="parts of names such as bpr, recbole, recbole:SASRec")
    arguments.add_argument("--split-seeds", type=int, nargs="*", default=[1])
    arguments.add_argument("--epochs", type=int, default=Limits.epochs)
    arguments.add_argument("--minutes", type=float, default=Limits.minutes, help="of a training of RecBole's")
    arguments.add_argument("--json", type=Path, help="file for the rows")
    given = arguments.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    chosen = [entrant for entrant in ENTRANTS if not given.only or any(map(entrant.is_called, given.only))]
    rows = []
    for seed in given.split_seeds:
        split = topple.load_split(given.dataset, given.data_dir, seed=seed)
        for entrant in chosen:
            rows.append(measured(entrant, split, seed, Limits(given.epochs, given.minutes)))
            print(table(rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
            if given.json:
                given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
