"""Public implementations on topple's split by topple's measure, beside the native models.

    python benchmarks/public_models.py [--data-dir FOLDER] [--only NAME ...] [--split-seeds 1 2 3] [--json FILE]

Every model is judged by `held_out_quality`: NDCG@100, Recall@20 and Recall@50 of all test users, the whole catalogue without
the fold-in as candidates. The epoch is chosen by the NDCG@100 of the validation users, and a public training ends after
thirty epochs without a better one, or when its time is up; the test users choose nothing. A row has the setting "own", the library's
defaults, or "published", what RecBole publishes as best for MovieLens 1M where that differs (`benchmark/hyper` there).

"knows them" in a row: the model has a vector for each user and cannot score somebody new, so the histories of the validation
and the test users are part of what it is trained on. That is more than the native models are given, who meet these people
after training. Sequence models are trained on the training users in time order and asked with the history, oldest first.
A library that is not installed is skipped, and its rows say so. RecTools needs its extra `torch` for SASRec; LightGCN of Cornac
needs DGL and is left out; SASRec of RecBole and of Cornac takes minutes an epoch on one core.
"""

import argparse
import copy
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

import topple
from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue
from topple.errors import RecommenderError
from topple.recommenders.adapters.catalogues import library
from topple.recommenders.base import Recommender
from topple.recommenders.quality import held_out_quality
from topple.recommenders.what_if import HistoryBatch
from topple.types import CsrMatrix, FloatArray

PATIENCE = 30
"""Epochs without a better validation NDCG@100 before a training ends."""


@dataclass(frozen=True)
class Limits:
    """How long a training may be: epochs and minutes at most."""

    epochs: int = 600
    minutes: float = 10.0


@dataclass(frozen=True)
class Entrant:
    """One row.

    Args:
        native: the native model that it stands beside.
        model: its own name there.
        library: the package; "topple" for a native model.
        train: returns the trained model, and what to say of its training.
        setting: "own", "published", or what was set.
        knows_them: whether it was trained on the histories of the held-out users.
    """

    native: str
    model: str
    library: str
    train: Callable[[Split, Limits], "Trained"]
    setting: str = "own"
    knows_them: bool = False

    @property
    def name(self) -> str:
        """What `--only` calls it."""
        return f"{self.library}:{self.model}:{self.setting}".replace(" ", "")


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


Trained: TypeAlias = tuple[Recommender, str]


class Acquaintances(Recommender):
    """Scores of people whom a model was trained on: each is recognised by his history."""

    name = "acquaintances"

    def __init__(self, catalogue: Catalogue, histories: CsrMatrix, scores: FloatArray) -> None:
        super().__init__(catalogue)
        self._scores = torch.from_numpy(np.ascontiguousarray(scores, dtype=np.float64))
        self._place = {frozenset(histories[row].indices.tolist()): row for row in range(histories.shape[0])}

    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Look up the scores of unchanged histories."""
        if candidates is not None or not bool((keep[:, 0] > 0).eq(histories.present).all()):
            raise RecommenderError("these scores are of whole histories and the whole catalogue. Ask for nothing else.")
        them = [frozenset(its[there].tolist()) for its, there in zip(histories.items, histories.present, strict=True)]
        return self._scores[[self._place[one] for one in them]][:, None].to(histories.weights.dtype)


def everybody(split: Split) -> CsrMatrix:
    """Return the histories [U, I] of the training, the validation and the test users, in this order."""
    return sparse.vstack([split.train, split.validation.fold_in, split.test.fold_in]).tocsr()


def held_out(split: Split, scores: FloatArray) -> Recommender:
    """Return the recommender of the scores of `everybody`'s held-out users, who are its last rows."""
    first = split.train.shape[0]
    return Acquaintances(split.catalogue, everybody(split)[first:], scores[-(everybody(split).shape[0] - first) :])


def until_best(split: Split, limits: Limits, epoch: Callable[[], Callable[[], Recommender]], size: int = 1) -> Trained:
    """Train until the validation users are served no better, and return the best model and how long it took.

    Args:
        split: the data.
        limits: of the training.
        epoch: trains on, and returns what makes a model of the state that was reached.
        size: the epochs of one call.
    """
    best, best_ndcg, best_epoch, started, number, why = None, -1.0, 0, time.perf_counter(), 0, "all"
    for number in range(size, limits.epochs + 1, size):
        model = epoch()()
        ndcg = held_out_quality(model, split.validation, recall=())["ndcg_100"]
        if ndcg > best_ndcg:
            best, best_ndcg, best_epoch = model, ndcg, number
        elif number - best_epoch >= PATIENCE * size:
            why = "patience"
            break
        if time.perf_counter() - started > 60 * limits.minutes:
            why = "time"
            break
    assert best is not None
    return best, f"{best_epoch} of {number} ({why})"


def native(name: str, **settings: Any) -> Callable[[Split, Limits], Trained]:
    """Return the training of a native model."""

    def train(split: Split, limits: Limits) -> Trained:
        model = topple.fit(split, name, settings=settings, progress=False)
        return model, f"{model.training.get('best_epoch', 1)} of {model.training.get('epochs', 1)}"

    return train


def recbole(name: str, **settings: Any) -> Callable[[Split, Limits], Trained]:
    """Return the training of a model of RecBole by its own data loader and loss, and Adam, RecBole's default."""

    def train(split: Split, limits: Limits) -> Trained:
        knows = name in ("BPR", "LightGCN", "NeuMF")
        with _recbole_data(name, split, everybody(split) if knows else split.train, settings) as (config, data):
            with patch.object(
                sparse.dok_matrix, "_update", lambda matrix, entries: matrix._dict.update(entries), create=True
            ):
                # RecBole 1.2.1 calls a method of SciPy's that later versions lack
                model = library("recbole.utils").get_model(name)(config, data.dataset)
            users = split.train.shape[0] + np.arange(everybody(split).shape[0] - split.train.shape[0])

            def as_it_is() -> Recommender:
                if knows:
                    return held_out(split, _of_users(model, data.dataset, users))
                return topple.wrap(copy.deepcopy(model), "recbole", split.catalogue)

            if name in ("EASE", "ItemKNN", "Pop"):
                return _counted(name, model, split, data), "1 of 1"
            adam = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])

            def epoch() -> Callable[[], Recommender]:
                model.train()
                for batch in data:
                    adam.zero_grad()
                    loss = model.calculate_loss(batch)
                    (sum(loss) if isinstance(loss, tuple) else loss).backward()
                    adam.step()
                model.eval()
                return as_it_is

            return until_best(split, limits, epoch)

    return train


def _counted(name: str, model: Any, split: Split, data: Any) -> Recommender:
    """Return the models that count: popularity, and those with an item-item matrix."""
    if name == "EASE":
        return topple.wrap(model, "recbole", split.catalogue)
    if name == "Pop":
        for batch in data:
            model.calculate_loss(batch)
        counts = model.item_cnt[1:, 0].double().numpy()
        return topple.wrap(
            lambda rows: np.tile(counts, (rows.shape[0], 1)), "callable", split.catalogue, histories="csr"
        )
    weights = model.w.tocsr()[1:, 1:].toarray()
    return topple.wrap(lambda rows: rows @ weights, "callable", split.catalogue, histories="csr")


def _of_users(model: Any, dataset: Any, users: FloatArray) -> FloatArray:
    """Return what a model of RecBole scores for users whom it knows [U, I], the padding left out."""
    interaction = library("recbole.data.interaction").Interaction
    places = torch.from_numpy(dataset.token2id("user_id", [str(user) for user in users]))
    with torch.no_grad():
        try:
            scores = model.full_sort_predict(interaction({"user_id": places})).view(len(users), -1)
        except NotImplementedError:
            items = torch.arange(dataset.item_num)
            scores = torch.stack(
                [
                    model.predict(interaction({"user_id": place.repeat(len(items)), "item_id": items}))
                    for place in places
                ]
            )
    found: FloatArray = scores[:, 1:].double().numpy()
    return found


@contextmanager
def _recbole_data(name: str, split: Split, people: CsrMatrix, settings: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Write interactions as RecBole reads them, items in the order of the catalogue, and yield its config and its loader."""
    ordered, entries = name == "SASRec", people.tocsc().tocoo()
    given, sys.argv = sys.argv, sys.argv[:1]  # RecBole reads its own settings from the command line
    when = people.astype(np.float64)
    when.data[:] = 0 if not ordered or split.times is None else split.times - split.times.min() + 1
    times = when.tocsc().tocoo().data if ordered and split.times is not None else np.zeros(entries.nnz)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "seen")
        folder.mkdir()
        lines = "".join(
            f"{user}\t{item}\t{time:.0f}\n" for user, item, time in zip(entries.row, entries.col, times, strict=True)
        )
        (folder / "seen.inter").write_text(f"user_id:token\titem_id:token\ttimestamp:float\n{lines}", encoding="utf-8")
        chosen = {
            "data_path": place,
            "checkpoint_dir": place,
            "state": "ERROR",
            "use_gpu": False,
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": {
                "split": {"RS": [1, 0, 0]},
                "order": "TO" if ordered else "RO",
                "group_by": "user",
                "mode": "full",
            },
            **({"train_neg_sample_args": None} if name in ("SASRec", "EASE", "ItemKNN", "Pop", "MultiVAE") else {}),
            **settings,
        }
        try:
            config = library("recbole.config", "recbole").Config(name, "seen", config_dict=chosen)
            library("recbole.utils").init_seed(config["seed"], True)
            rooms = library("recbole.data", "recbole")
            data = rooms.data_preparation(config, rooms.create_dataset(config))[0]
            ids = data.dataset.token2id("item_id", [str(item) for item in range(people.shape[1])])
            assert (ids == 1 + np.arange(people.shape[1])).all()
            yield config, data
        finally:
            sys.argv = given


def implicit_bpr(split: Split, limits: Limits) -> Trained:
    """Train BPR of implicit, ten passes at a time; its `fit` goes on from where it was."""
    people = everybody(split)
    model = library("implicit.bpr", "implicit").BayesianPersonalizedRanking(
        iterations=10, num_threads=1, random_state=0
    )

    def epoch() -> Callable[[], Recommender]:
        model.fit(people, show_progress=False)
        return lambda: held_out(split, model.user_factors @ model.item_factors.T)

    return until_best(split, limits, epoch, size=10)


def implicit_als(**settings: float) -> Callable[[Split, Limits], Trained]:
    """Return the training of ALS of implicit, fifteen rounds as it has them by default."""

    def train(split: Split, limits: Limits) -> Trained:
        model = library("implicit.als", "implicit").AlternatingLeastSquares(**settings, num_threads=1, random_state=0)
        model.fit(split.train, show_progress=False)
        return topple.wrap(model, "implicit", split.catalogue), "15 of 15"

    return train


def implicit_cosine(split: Split, limits: Limits) -> Trained:
    """Train the cosine neighbours of implicit."""
    model = library("implicit.nearest_neighbours", "implicit").CosineRecommender(K=100, num_threads=1)
    model.fit(split.train, show_progress=False)
    return topple.wrap(model, "implicit", split.catalogue), "1 of 1"


def cornac_bpr(split: Split, limits: Limits) -> Trained:
    """Train BPR of Cornac, a hundred passes at a time, each from the vectors of the last."""
    models, data = library("cornac.models", "cornac"), _cornac_data(everybody(split))
    state: dict[str, Any] = {}

    def epoch() -> Callable[[], Recommender]:
        model = models.BPR(k=64, max_iter=100, seed=len(state), num_threads=1, init_params=dict(state))
        model.fit(data)
        state.update({"U": model.u_factors, "V": model.i_factors, "Bi": model.i_biases})
        return lambda: held_out(split, _by_row(data, model.u_factors @ model.i_factors.T + model.i_biases))

    return until_best(split, Limits(3000, limits.minutes), epoch, size=100)


def cornac_neumf(split: Split, limits: Limits) -> Trained:
    """Train NeuMF of Cornac with its defaults and torch."""
    data = _cornac_data(everybody(split))
    model = library("cornac.models", "cornac").NeuMF(backend="pytorch", seed=0, verbose=False).fit(data)
    users = range(split.train.shape[0], everybody(split).shape[0])
    scores = np.stack([model.score(data.uid_map[user]) for user in users])
    return held_out(split, scores), "20 of 20"


def _by_row(data: Any, scores: FloatArray) -> FloatArray:
    """Return Cornac's rows in our order."""
    return scores[[data.uid_map[user] for user in range(len(data.uid_map))]]


def _cornac_data(people: CsrMatrix) -> Any:
    """Return interactions as Cornac reads them, which numbers items as it meets them: in the order of the catalogue."""
    entries = people.tocsc().tocoo()
    seen = zip(entries.row.tolist(), entries.col.tolist(), [1.0] * entries.nnz, strict=True)
    return library("cornac.data", "cornac").Dataset.from_uir(seen)


def cornac_sasrec(split: Split, limits: Limits) -> Trained:
    """Train SASRec of Cornac with its defaults, each training user one session in time order."""
    assert split.times is not None
    rows = np.repeat(np.arange(split.train.shape[0]), np.diff(split.train.indptr))
    order = np.lexsort((split.times, rows))
    columns = (rows[order], rows[order], split.train.indices[order], split.times[order])
    data = library("cornac.data", "cornac").SequentialDataset.build(
        list(zip(*(column.tolist() for column in columns), strict=True)), fmt="USIT"
    )
    model = library("cornac.models", "cornac").SASRec(seed=0).fit(data)
    names = [split.catalogue.vocabulary.decode([item])[0] for item in data.item_ids]
    return _reordered(topple.wrap(model, "cornac", names), split), "10 of 10"


def rectools_sasrec(split: Split, limits: Limits) -> Trained:
    """Train SASRec of RecTools on the training users; 64 factors, as the others have, instead of 256, which take too long."""
    rooms, columns = library("rectools.dataset", "rectools"), library("rectools").Columns
    model = library("rectools.models", "rectools").SASRecModel(n_factors=64, verbose=0, recommend_torch_device="cpu")
    seen, asked = (_rectools_frame(people, rooms, split) for people in (split.train, everybody(split)))
    users = split.train.shape[0] + np.arange(everybody(split).shape[0] - split.train.shape[0])
    users = users[np.diff(everybody(split).indptr)[users] > 0]

    def as_it_is() -> Recommender:
        found = model.recommend(users, asked, k=len(split.catalogue), filter_viewed=False)
        scores = np.full((everybody(split).shape[0], len(split.catalogue)), -1e9)
        scores[found[columns.User].to_numpy(), found[columns.Item].to_numpy()] = found[columns.Score]
        return held_out(split, scores)

    def epoch() -> Callable[[], Recommender]:
        model.fit_partial(seen, min_epochs=1, max_epochs=1)
        return as_it_is

    return until_best(split, limits, epoch)


def _rectools_frame(people: CsrMatrix, rooms: Any, split: Split) -> Any:
    """Return interactions, in the order of time, as RecTools reads them."""
    assert split.times is not None
    assert split.validation.times is not None
    assert split.test.times is not None
    times = np.concatenate([split.times, split.validation.times, split.test.times])[: people.nnz]
    pandas, entries = library("pandas"), people.tocoo()
    when = pandas.to_datetime(times, unit="s")
    frame = {"user_id": entries.row, "item_id": entries.col, "weight": 1.0, "datetime": when}
    return rooms.Dataset.construct(pandas.DataFrame(frame).sort_values("datetime", kind="stable"))


def _reordered(model: Recommender, split: Split) -> Recommender:
    """Return a model over another order of the same items, as one over the split's."""

    def scores(histories: list[list[Any]]) -> FloatArray:
        place = model.catalogue.vocabulary.encode
        batch = HistoryBatch.of([place(history).tolist() for history in histories], torch.float32)
        columns = place(split.catalogue.vocabulary.decode(np.arange(len(split.catalogue))))
        found: FloatArray = model.score(batch, batch.present[:, None].float())[:, 0].double().numpy()[:, columns]
        return found

    return topple.wrap(scores, "callable", split.catalogue, histories="ids", ordered=True)


ENTRANTS = (
    Entrant("popularity", "popularity", "topple", native("popularity")),
    Entrant("popularity", "Pop", "recbole", recbole("Pop")),
    Entrant("item-knn", "item-knn", "topple", native("item-knn")),
    Entrant("item-knn", "ItemKNN", "recbole", recbole("ItemKNN")),
    Entrant("item-knn", "ItemKNN", "recbole", recbole("ItemKNN", k=250, shrink=1.2), "published"),
    Entrant("item-knn", "CosineRecommender", "implicit", implicit_cosine, "K=100"),
    Entrant("ease", "ease", "topple", native("ease")),
    Entrant("ease", "EASE", "recbole", recbole("EASE")),
    Entrant("als", "als", "topple", native("als")),
    Entrant("als", "ALS", "implicit", implicit_als()),
    Entrant("als", "ALS", "implicit", implicit_als(factors=64, alpha=11.0, regularization=40.0), "as native"),
    Entrant("mult-vae", "mult-vae", "topple", native("mult-vae")),
    Entrant("mult-vae", "MultiVAE", "recbole", recbole("MultiVAE")),
    Entrant("bpr", "bpr", "topple", native("bpr")),
    Entrant("bpr", "BPR", "recbole", recbole("BPR"), knows_them=True),
    Entrant("bpr", "BPR", "recbole", recbole("BPR", learning_rate=5e-4), "published", knows_them=True),
    Entrant("bpr", "BPR", "implicit", implicit_bpr, knows_them=True),
    Entrant("bpr", "BPR", "cornac", cornac_bpr, "k=64", knows_them=True),
    Entrant("lightgcn", "lightgcn", "topple", native("lightgcn")),
    Entrant("lightgcn", "LightGCN", "recbole", recbole("LightGCN"), knows_them=True),
    Entrant(
        "lightgcn", "LightGCN", "recbole", recbole("LightGCN", learning_rate=5e-4, n_layers=1, reg_weight=0.01),
        "published", knows_them=True,
    ),
    Entrant("neumf", "neumf", "topple", native("neumf")),
    Entrant("neumf", "NeuMF", "recbole", recbole("NeuMF"), knows_them=True),
    Entrant("neumf", "NeuMF", "recbole", recbole("NeuMF", mf_train=False), "published", knows_them=True),
    Entrant("neumf", "NeuMF", "cornac", cornac_neumf, knows_them=True),
    Entrant("sasrec", "sasrec", "topple", native("sasrec")),
    Entrant("sasrec", "sasrec", "topple", native("sasrec", held_out=0), "held_out=0"),
    Entrant("sasrec", "SASRec", "recbole", recbole("SASRec")),
    Entrant("sasrec", "SASRec", "recbole", recbole("SASRec", learning_rate=5e-4), "published"),
    Entrant("sasrec", "SASRec", "rectools", rectools_sasrec, "n_factors=64"),
    Entrant("sasrec", "SASRec", "cornac", cornac_sasrec),
)  # fmt: skip


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
    chosen = [
        e
        for e in ENTRANTS
        if not given.only or any(part in (e.native, e.library) or part in e.name for part in given.only)
    ]
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
