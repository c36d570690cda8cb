"""Preparing: interactions are filtered, users are held out whole, and part of each held-out history is to be predicted."""

import logging
from dataclasses import replace

import numpy as np
from pydantic import Field

from topple.data.filtering import enough_items, positive
from topple.data.interactions import Interactions, to_matrix
from topple.data.rows.account import Dropped, Step
from topple.data.rows.events import Events
from topple.data.splitting import HeldOut, Split
from topple.data.vocabulary import Vocabulary
from topple.errors import DataError, need
from topple.randomness import generator
from topple.settings import Settings
from topple.types import CsrMatrix, IntArray, TimeArray

logger = logging.getLogger(__name__)


class Preparation(Settings):
    """How ratings become a split; the defaults are those of Liang et al. (WWW 2018) and LCER."""

    positive_above: float | None = 3.5
    """Ratings above this are positive; None takes every interaction. Without ratings, weights or not, it changes nothing."""
    ratings_as_weights: bool = False
    """Whether the ratings are the weights of the interactions too; not where the data has weights."""
    min_items: int = Field(default=5, ge=1)
    """Users with fewer positive interactions are left out."""
    held_out_users: int | None = Field(default=None, ge=1)
    """Users held out for validation, and as many for test; None: a tenth of the users, at least one."""
    held_out_share: float = Field(default=0.2, gt=0, lt=1)
    """Share of a held-out user's items that must be predicted, rounded down, at least one; the rest is the fold-in."""
    seed: int = 1
    """Which users are held out. On ML-100K a hundred test users move NDCG@100 by 0.02 from seed to seed (README)."""


def prepare(interactions: Interactions, preparation: Preparation | None = None) -> Split:
    """Filter, hold users out, and split their histories.

    Items that no training user met leave the catalogue and the held-out histories. A held-out user with fewer than
    `min_items` items left keeps them all as fold-in; one with none left leaves too. The order of the rows does not matter.
    Timestamps order histories and change nothing else: what is held out is drawn at random, so a fold-in in time order has
    gaps, and what must be predicted is not only what came last.
    Source: Liang et al., WWW 2018, section 4.1. Differs from the authors' code in: held-out users are drawn from the users
    that are left after filtering, never from row numbers.
    Random: seed.

    Raises:
        DataError: nothing is left, too few users to hold any out, or ratings that are to be weights and cannot be.
    """
    need(interactions, Interactions, "interactions", "what read_interactions or from_csr returned")
    settings = Preparation.checked(preparation, "prepare")
    interactions = _weighted_by_ratings(interactions) if settings.ratings_as_weights else interactions
    kept = _enough(interactions, settings)
    count = _held_out_users(len(kept.users), settings)
    random = generator(settings.seed, "split")
    validation, test, train = map(np.sort, np.split(random.permutation(len(kept.users)), [count, 2 * count]))
    matrix = kept.matrix()  # [U, I] of all users and items
    items = np.flatnonzero(np.bincount(matrix[train].indices, minlength=len(kept.catalogue))).astype(np.int64)

    def users(rows: IntArray) -> Vocabulary:
        return Vocabulary(kept.users.column.take(rows), "user")

    def order(rows: IntArray, part: CsrMatrix) -> tuple[TimeArray | None, Events | None]:
        """Return the times of the stored entries of a part, and the events."""
        entries = part.tocoo()
        log = None if kept.events is None else kept.events.within(rows, items, part)
        return kept.when(rows[entries.row], items[entries.col]), log

    def held_out(rows: IntArray) -> HeldOut:
        rows = rows[np.diff(matrix[rows][:, items].indptr) > 0]
        fold_in, out = _fold(matrix[rows][:, items], settings, random)
        return HeldOut(users(rows), fold_in, out, *order(rows, fold_in))

    trained = matrix[train][:, items].tocsr()  # [U, I] of training users and the items they met
    held = held_out(validation), held_out(test)
    unseen = matrix.nnz - trained.nnz - sum(part.fold_in.nnz + part.held_out.nnz for part in held)
    lost = 2 * count - sum(len(part.users) for part in held), len(kept.catalogue) - len(items)
    account = kept.account.then(Step(Dropped.UNSEEN_ITEMS, unseen, *lost))
    parts = kept.catalogue.subset(items), users(train), trained, *held
    split = Split(*parts, interactions.name, *order(train, trained), account)
    _say(split, len(interactions))
    return split


def _say(split: Split, interactions: int) -> None:
    """Say through logging what became of the rows."""
    for sentence in split.account.sentences():
        logger.info("%s: %s", split.name, sentence)
    logger.info(
        "prepared %s: %d of %d interactions to train on, %d items, %d users to train on, %d to validate, %d to test",
        *(split.name, split.train.nnz, interactions, len(split.catalogue)),
        *(len(users) for users in (split.train_users, split.validation.users, split.test.users)),
    )


def _weighted_by_ratings(interactions: Interactions) -> Interactions:
    """Return the interactions with their ratings as weights."""
    ratings = interactions.ratings
    if ratings is None or interactions.weights is not None or not (ratings > 0).all():
        why = "it has none" if ratings is None else f"the lowest is {ratings.min():g}, and a weight is above 0"
        if ratings is not None and interactions.weights is not None:
            why = "it has weights already"
        raise DataError(
            f"ratings_as_weights: the ratings of {interactions.name} cannot be weights: {why}. Leave it out."
        )
    return replace(interactions, weights=ratings)


def _enough(interactions: Interactions, settings: Preparation) -> Interactions:
    """Keep the positive interactions of users who have enough of them."""
    if settings.min_items < 2:
        raise DataError(
            f"min_items={settings.min_items}: a user with one item cannot be split into fold-in and held-out items. "
            "Use 2 or more."
        )
    return enough_items(positive(interactions, settings.positive_above), settings.min_items)


def _held_out_users(users: int, settings: Preparation) -> int:
    """Return how many of the users are held out for validation, and as many for test."""
    count = settings.held_out_users or max(1, users // 10)
    if 2 * count >= users:
        raise DataError(
            f"held_out_users={count}: validation and test would take {2 * count:,} of {users:,} users and leave "
            "none to train on. Hold out fewer."
        )
    return count


def _fold(matrix: CsrMatrix, settings: Preparation, random: np.random.Generator) -> tuple[CsrMatrix, CsrMatrix]:
    """Draw the held-out share of each row, and return fold-in and held-out part [U, I]."""
    entries = matrix.tocsr()
    lengths = np.diff(entries.indptr)  # [U]
    rows = np.repeat(np.arange(entries.shape[0]), lengths)
    order = np.lexsort((random.random(entries.nnz), rows))
    drawn = np.empty(entries.nnz, dtype=np.int64)  # 0, 1, ... in the shuffled order of each user's entries
    drawn[order] = np.arange(entries.nnz) - np.repeat(entries.indptr[:-1], lengths)
    share = np.clip((settings.held_out_share * lengths).astype(np.int64), 1, lengths - 1)
    wanted = np.where(lengths >= settings.min_items, share, 0)
    out = drawn < wanted[rows]
    columns = entries.indices.astype(np.int64)
    shape = (int(entries.shape[0]), int(entries.shape[1]))
    weights = None if entries.dtype == np.float32 else entries.data[~out]  # as `to_matrix` tells them apart
    return to_matrix(rows[~out], columns[~out], shape, weights), to_matrix(rows[out], columns[out], shape)
