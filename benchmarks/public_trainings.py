"""How `public_models.py` trains the models of each library: one function a model or a family of them.

How interactions are handed to a library is in `topple.benchmark.zoo`; the epoch is chosen here, see `until_best`.
"""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias
from unittest.mock import patch

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

import topple
from topple.benchmark.zoo import ZOO, Effort, cornac, implicit, rectools
from topple.benchmark.zoo import recbole as by_recbole
from topple.benchmark.zoo.interactions import by_item, seen
from topple.data.splitting import Split
from topple.errors import RecommenderError
from topple.recommenders.adapters.catalogues import library
from topple.recommenders.training.quality import held_out_quality
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch
from topple.types import CsrMatrix, FloatArray, IntArray

PATIENCE = 30
"""Epochs without a better validation NDCG@100 before a training ends."""
SEED = 2020
"""Of RecBole's trainings: its default."""
OF_USERS = ("BPR", "LightGCN", "NeuMF")
"""Models of RecBole with a vector for each user, which draw items to compare with."""

Trained: TypeAlias = tuple[Recommender, str]
"""A model, and what to say of its training: which epoch was the best, of how many."""


@dataclass(frozen=True)
class Limits:
    """How long a training may be: epochs and minutes at most."""

    epochs: int = 600
    minutes: float = 10.0


Train: TypeAlias = Callable[[Split, Limits], Trained]


def everybody(split: Split) -> CsrMatrix:
    """Return the histories [U, I] of the training, the validation and the test users, in this order."""
    return sparse.vstack([split.train, split.validation.fold_in, split.test.fold_in]).tocsr()


def newcomers(split: Split) -> IntArray:
    """Return which rows of `everybody` are held-out users: the last ones."""
    return np.arange(split.train.shape[0], everybody(split).shape[0])


class Acquaintances(Recommender):
    """Scores [newcomers, I] of people whom a model was trained on: each is recognised by his history."""

    name = "acquaintances"

    def __init__(self, split: Split, scores: FloatArray) -> None:
        super().__init__(split.catalogue)
        histories = everybody(split)[newcomers(split)]
        self._scores = torch.from_numpy(np.ascontiguousarray(scores, dtype=np.float64))
        self._place = {frozenset(histories[row].indices.tolist()): row for row in range(histories.shape[0])}

    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Look up the scores of unchanged histories."""
        if candidates is not None or not bool((keep[:, 0] > 0).eq(histories.present).all()):
            raise RecommenderError("these scores are of whole histories and the whole catalogue. Ask for nothing else.")
        them = [frozenset(its[there].tolist()) for its, there in zip(histories.items, histories.present, strict=True)]
        return self._scores[[self._place[one] for one in them]][:, None].to(histories.weights.dtype)


def until_best(split: Split, limits: Limits, epoch: Callable[[], Recommender], size: int = 1) -> Trained:
    """Train until the validation users are served no better, and return the best model and how long it took.

    Args:
        split: the data.
        limits: of the training.
        epoch: trains on, and returns a model of the state that was reached.
        size: the epochs of one call.
    """
    best, best_ndcg, best_epoch, started, number, why = None, -1.0, 0, time.perf_counter(), 0, "all"
    for number in range(size, limits.epochs + 1, size):
        model = epoch()
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


def native(name: str, **settings: Any) -> Train:
    """Return the training of a native model."""

    def train(split: Split, limits: Limits) -> Trained:
        model = topple.fit(split, name, settings=settings, progress=False)
        return model, f"{model.training.get('best_epoch', 1)} of {model.training.get('epochs', 1)}"

    return train


def from_zoo(name: str, epochs: int) -> Train:
    """Return the training of a model as `topple bench recommenders` has it; nothing chooses its epoch."""
    return lambda split, limits: (ZOO[name](split, Effort()), f"{epochs} of {epochs}")


def recbole(name: str, **settings: Any) -> Train:
    """Return the training of a model of RecBole by its own data loader and loss, and Adam, RecBole's default."""
    chosen = {"seed": SEED, **({} if name in OF_USERS else by_recbole.WHOLE_ROWS), **settings}

    def train(split: Split, limits: Limits) -> Trained:
        library("recbole.utils").init_seed(SEED, True)
        people = everybody(split) if name in OF_USERS else split.train
        config, batches = _recbole_loader(name, split, people, chosen)
        with patch.object(
            sparse.dok_matrix, "_update", lambda matrix, entries: matrix._dict.update(entries), create=True
        ):  # RecBole 1.2.1 calls a method of SciPy's that later versions lack
            model = by_recbole.made(name, config, batches)
        if name in ("EASE", "ItemKNN", "Pop"):
            return _counted(name, model, split, batches), "1 of 1"
        adam = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])

        def epoch() -> Recommender:
            model.train()
            by_recbole.epoch(model, batches, adam)
            model.eval()
            if name in OF_USERS:
                return Acquaintances(split, _of_users(model, batches.dataset, newcomers(split)))
            return topple.wrap(copy.deepcopy(model), "recbole", split.catalogue)

        return until_best(split, limits, epoch)

    return train


def _recbole_loader(name: str, split: Split, people: CsrMatrix, settings: dict[str, Any]) -> tuple[Any, Any]:
    """Return RecBole's settings and its loader of these histories; a sequence model reads them by time."""
    ordered, times = name == "SASRec", np.zeros(people.nnz)
    if ordered and split.times is not None:
        times = by_item(people, split.times - split.times.min() + 1)
    config, batches = by_recbole.loader(name, *seen(people), times, settings, ordered=ordered)
    ids = batches.dataset.token2id("item_id", [str(item) for item in range(people.shape[1])])
    assert (ids == 1 + np.arange(people.shape[1])).all()
    return config, batches


def _counted(name: str, model: Any, split: Split, batches: Any) -> Recommender:
    """Return the models that count: popularity, and those with an item-item matrix."""
    if name == "EASE":
        return topple.wrap(model, "recbole", split.catalogue)
    if name == "Pop":
        for batch in batches:
            model.calculate_loss(batch)
        counts = model.item_cnt[1:, 0].double().numpy()
        return topple.wrap(
            lambda rows: np.tile(counts, (rows.shape[0], 1)), "callable", split.catalogue, histories="csr"
        )
    weights = model.w.tocsr()[1:, 1:].toarray()
    return topple.wrap(lambda rows: rows @ weights, "callable", split.catalogue, histories="csr")


def _of_users(model: Any, dataset: Any, users: IntArray) -> FloatArray:
    """Return what a model of RecBole scores for users whom it knows [U, I], the padding left out."""
    asked = library("recbole.data.interaction").Interaction
    places = torch.from_numpy(dataset.token2id("user_id", [str(user) for user in users]))
    items = torch.arange(dataset.item_num)
    with torch.no_grad():
        try:
            scores = model.full_sort_predict(asked({"user_id": places})).view(len(users), -1)
        except NotImplementedError:
            each = [asked({"user_id": place.repeat(len(items)), "item_id": items}) for place in places]
            scores = torch.stack([model.predict(one) for one in each])
    found: FloatArray = scores[:, 1:].double().numpy()
    return found


def implicit_als(split: Split, limits: Limits) -> Trained:
    """Train ALS of implicit, fifteen rounds as it has them by default."""
    model = library("implicit.als", "implicit").AlternatingLeastSquares(num_threads=1, random_state=0)
    return implicit.trained(model, split), "15 of 15"


def implicit_bpr(split: Split, limits: Limits) -> Trained:
    """Train BPR of implicit, ten passes at a time; its `fit` goes on from where it was."""
    bpr = library("implicit.bpr", "implicit").BayesianPersonalizedRanking
    model = bpr(iterations=10, num_threads=1, random_state=0)

    def epoch() -> Recommender:
        model.fit(everybody(split), show_progress=False)
        return Acquaintances(split, model.user_factors[newcomers(split)] @ model.item_factors.T)

    return until_best(split, limits, epoch, size=10)


def cornac_bpr(split: Split, limits: Limits) -> Trained:
    """Train BPR of Cornac, a hundred passes at a time, each from the vectors of the last."""
    models, data = library("cornac.models", "cornac"), cornac.dataset(everybody(split))
    rows = [data.uid_map[user] for user in newcomers(split)]
    state: dict[str, Any] = {}

    def epoch() -> Recommender:
        model = models.BPR(k=64, max_iter=100, seed=len(state), num_threads=1, init_params=dict(state))
        model.fit(data)
        state.update({"U": model.u_factors, "V": model.i_factors, "Bi": model.i_biases})
        return Acquaintances(split, model.u_factors[rows] @ model.i_factors.T + model.i_biases)

    return until_best(split, Limits(3000, limits.minutes), epoch, size=100)


def cornac_neumf(split: Split, limits: Limits) -> Trained:
    """Train NeuMF of Cornac with its defaults and torch."""
    data = cornac.dataset(everybody(split))
    model = library("cornac.models", "cornac").NeuMF(backend="pytorch", seed=0, verbose=False).fit(data)
    scores = np.stack([model.score(data.uid_map[user]) for user in newcomers(split)])
    return Acquaintances(split, scores), "20 of 20"


def cornac_sasrec(split: Split, limits: Limits) -> Trained:
    """Train SASRec of Cornac with its defaults, each training user one session in time order."""
    assert split.times is not None
    rows = np.repeat(np.arange(split.train.shape[0]), np.diff(split.train.indptr))
    order = np.lexsort((split.times, rows))
    columns = (rows[order], rows[order], split.train.indices[order], split.times[order])
    entries = list(zip(*(column.tolist() for column in columns), strict=True))
    data = library("cornac.data", "cornac").SequentialDataset.build(entries, fmt="USIT")
    model = library("cornac.models", "cornac").SASRec(seed=0).fit(data)
    names = split.catalogue.vocabulary.decode(np.asarray(list(data.item_ids)))
    return _reordered(topple.wrap(model, "cornac", names), split), "10 of 10"


def _reordered(model: Recommender, split: Split) -> Recommender:
    """Return a model over another order of the same items, as one over the split's."""
    place = model.catalogue.vocabulary.encode
    columns = place(split.catalogue.vocabulary.decode(np.arange(len(split.catalogue))))

    def scores(histories: list[list[Any]]) -> FloatArray:
        batch = HistoryBatch.of([place(history).tolist() for history in histories], torch.float32)
        found: FloatArray = model.score(batch, batch.present[:, None].float())[:, 0].double().numpy()[:, columns]
        return found

    return topple.wrap(scores, "callable", split.catalogue, histories="ids", ordered=True)


def rectools_sasrec(split: Split, limits: Limits) -> Trained:
    """Train SASRec of RecTools with 64 factors, as the others have, instead of 256, which take too long."""
    columns, everyone = library("rectools").Columns, everybody(split)
    model = library("rectools.models", "rectools").SASRecModel(n_factors=64, verbose=0, recommend_torch_device="cpu")
    learned, asked = (_by_time(people, split) for people in (split.train, everyone))
    users = newcomers(split)
    users = users[np.diff(everyone.indptr)[users] > 0]

    def epoch() -> Recommender:
        model.fit_partial(learned, min_epochs=1, max_epochs=1)
        found = model.recommend(users, asked, k=len(split.catalogue), filter_viewed=False)
        scores = np.full(everyone.shape, -1e9)
        scores[found[columns.User].to_numpy(), found[columns.Item].to_numpy()] = found[columns.Score]
        return Acquaintances(split, scores[newcomers(split)])

    return until_best(split, limits, epoch)


def _by_time(people: CsrMatrix, split: Split) -> Any:
    """Return the first rows of `everybody`, in the order of time, as RecTools reads them."""
    parts = [part.times for part in (split, split.validation, split.test)]
    assert all(times is not None for times in parts)
    times = np.concatenate(parts)[: people.nnz]
    order, entries = np.argsort(times, kind="stable"), people.tocoo()
    return rectools.dataset(entries.row[order], entries.col[order], times[order])
