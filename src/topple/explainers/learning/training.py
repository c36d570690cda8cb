"""How the network of LXR is trained: on training users, with settings that are chosen by validation users."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from topple.data.splitting import Split, events
from topple.errors import DataError, RecommenderError
from topple.explainers.base import OnStep
from topple.explainers.learning.masks import MaskNetwork
from topple.explainers.search.slopes import spread_of_scores
from topple.randomness import generator
from topple.records.curves import tenths
from topple.records.question import CandidateRule
from topple.scoring.memory import rows_at_once
from topple.scoring.ranking import catalogue_scores, unseen_scores
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch, turns

if TYPE_CHECKING:
    from topple.explainers.lxr import LxrSettings

logger = logging.getLogger(__name__)

SPREAD_OF = 100
"""The best so many scores of a history tell how far scores lie apart."""
POOL = 16
"""Batches whose users are sorted by length together."""
FIRST = 4
"""All tries are trained for one of so many parts of the epochs."""


@dataclass(frozen=True)
class Try:
    """What is tried: how the loss is weighed, and how fast is learned."""

    learning_rate: float
    lambda_pos: float
    lambda_neg: float
    alpha: float


@dataclass(frozen=True, eq=False)
class Listed:
    """Histories with their best items.

    Args:
        histories: B histories.
        best: their best items [B, K].
        spread: how far the best scores lie apart [B].
    """

    histories: HistoryBatch
    best: Tensor
    spread: Tensor

    @classmethod
    def of(cls, recommender: Recommender, histories: HistoryBatch, targets: int) -> "Listed":
        """Ask the recommender for lists of so many items."""
        items = len(recommender.catalogue)
        best, spread = [], []
        for part in torch.split(torch.arange(len(histories)), rows_at_once(items)):
            scores = unseen_scores(recommender, histories.rows(part.to(histories.items.device)))
            top = scores.topk(min(max(targets, SPREAD_OF), items), dim=1)
            best.append(top.indices[:, :targets])
            spread.append(spread_of_scores(top.values))
        return cls(histories, torch.cat(best), torch.cat(spread))


def trained(
    recommender: Recommender, split: Split, settings: "LxrSettings", on_step: OnStep | None = None
) -> tuple[MaskNetwork, dict[str, Any]]:
    """Return the network that is best by validation users, and how it was trained.

    Raises:
        DataError: no training users, or no validation users to choose by.
        RecommenderError: the loss is not a number.
    """
    started, device = time.perf_counter(), recommender.device
    random = generator(settings.seed, "lxr", "users")
    learners = _histories(split, "train", settings.users, random, device)
    judges = _histories(split, "validation", settings.validation_users, random, device)
    targets = min(settings.targets, len(recommender.catalogue))
    learn, judge = (Listed.of(recommender, part, targets) for part in (learners, judges))
    first = max(1, settings.epochs // FIRST)
    courses = [_Course(recommender, learn, judge, settings, each) for each in _tries(settings)]
    total = first * len(courses) + settings.epochs - first
    done = 0

    def go_on(one: _Course, epochs: int) -> None:
        nonlocal done
        for _ in range(epochs):
            one.epoch()
            done += 1
            best = min(each.best_pos for each in courses)
            logger.debug("lxr %s epoch %d: POS %.4f, best %.4f", one.tried, one.epochs, one.pos, best)
            if on_step is not None:
                on_step(done, total, f"validation POS@{targets} {one.pos:.4f}, best {best:.4f}")

    for one in courses:
        go_on(one, first)
    chosen = min(courses, key=lambda each: each.best_pos)
    go_on(chosen, settings.epochs - first)
    return chosen.best, {
        "epochs": chosen.epochs,
        "best_epoch": chosen.best_epoch,
        "validation_pos": round(chosen.best_pos, 6),
        "validation_users": len(judges),
        "users": len(learners),
        "tries": len(courses),
        "chosen": vars(chosen.tried),
        "seconds": round(time.perf_counter() - started, 3),
        "threads": torch.get_num_threads(),
        "data": split.fingerprint,
    }


def _tries(settings: "LxrSettings") -> Iterator[Try]:
    """Yield the settings as they are, then others that are drawn around them: half or twice the rate, up to ten times the weights."""
    yield Try(settings.learning_rate, settings.lambda_pos, settings.lambda_neg, settings.alpha)
    random = generator(settings.seed, "lxr", "tries")
    for _ in range(settings.tries - 1):
        rate, pos, neg, alpha = (base ** random.uniform(-1, 1) for base in (2.0, 10.0, 10.0, 10.0))
        yield Try(
            settings.learning_rate * rate, settings.lambda_pos * pos, settings.lambda_neg * neg, settings.alpha * alpha
        )


def _histories(split: Split, part: str, most: int, random: np.random.Generator, device: torch.device) -> HistoryBatch:
    """Return the histories of at most so many users of a part of the split, in the order of events, in float32.

    Raises:
        DataError: there is none.
    """
    matrix, times, log = (
        (split.train, split.times, split.events)
        if part == "train"
        else (split.validation.fold_in, split.validation.times, split.validation.events)
    )
    rows = np.flatnonzero(np.diff(matrix.indptr))
    if not len(rows):
        raise DataError(
            f"{split.name} has no {part} user with a history. Prepare data with such users (held_out_users)."
        )
    chosen = np.sort(random.permutation(rows)[:most])
    told = [events(matrix, times, row) if log is None else log[row] for row in chosen.tolist()]
    return HistoryBatch.of(
        [items.tolist() for items, _ in told], torch.float32, device, weights=[weights.tolist() for _, weights in told]
    )


class _Course:
    """The training of one network.

    Args:
        recommender: what is explained.
        learn: the training users.
        judge: the validation users.
        settings: of the method.
        tried: what differs between the tries.
    """

    def __init__(
        self, recommender: Recommender, learn: Listed, judge: Listed, settings: "LxrSettings", tried: Try
    ) -> None:
        self.recommender, self.learn, self.judge, self.settings, self.tried = recommender, learn, judge, settings, tried
        random = torch.Generator().manual_seed(settings.seed)
        self.network = MaskNetwork.drawn(len(recommender.catalogue), settings.hidden, random).to(recommender.device)
        self.optimizer = torch.optim.Adam(list(self.network.arrays().values()), lr=tried.learning_rate)
        self.epochs, self.best_epoch, self.pos, self.best_pos = 0, 0, float("inf"), float("inf")
        self.best = self.network

    def epoch(self) -> None:
        """Train an epoch, and keep the network if it is the best so far by the validation users."""
        self.epochs += 1
        for array in self.network.arrays().values():
            array.requires_grad_(True)
        for users in self._batches():
            loss = self._loss(users.to(self.recommender.device))
            if not torch.isfinite(loss):
                raise RecommenderError(
                    f"the loss of lxr is {float(loss.detach())} in epoch {self.epochs} with {self.tried}: the training diverged. Lower "
                    "learning_rate."
                )
            self.optimizer.zero_grad()
            torch.autograd.backward(loss)
            self.optimizer.step()
        for array in self.network.arrays().values():
            array.requires_grad_(False)
        self.pos = self._validated()
        if self.pos < self.best_pos:
            kept = {name: array.clone() for name, array in self.network.arrays().items()}
            self.best, self.best_pos, self.best_epoch = MaskNetwork(**kept), self.pos, self.epochs

    def _batches(self) -> list[Tensor]:
        """Return the users of each batch of an epoch [U], in the order of the batches: users with histories of like length together."""
        size, lengths = self.settings.batch_size, self.learn.histories.lengths.cpu()
        random = generator(self.settings.seed, "lxr", "epoch", self.epochs)
        order = torch.from_numpy(random.permutation(len(lengths)))
        pools = [pool[lengths[pool].sort(stable=True).indices] for pool in torch.split(order, POOL * size)]
        batches = [batch for pool in pools for batch in torch.split(pool, size)]
        return [batches[turn] for turn in random.permutation(len(batches)).tolist()]

    def _loss(self, users: Tensor) -> Tensor:
        """Return the loss of a batch of users [U], each with all items of the list."""
        tried, histories, target = self.tried, self.learn.histories.rows(users), self.learn.best[users]  # [U, K]
        weights = self.recommender.weighed(histories).weights
        present = histories.present.to(weights.dtype)
        share = self.network.masks(histories.items, weights, target) * present[:, None]  # [U, K, H]
        keep = torch.cat([share, present[:, None] - share], 1)  # [U, 2 K, H]
        scores = self.recommender.score(histories, keep) / self.learn.spread[users, None, None]  # [U, 2 K, I]
        seen = torch.zeros_like(scores[:, 0], dtype=torch.bool)
        row, position = histories.present.nonzero(as_tuple=True)
        seen[row, histories.items[row, position]] = True
        chance = torch.log_softmax(scores.masked_fill(seen[:, None], -torch.inf), -1)
        kept, left = chance.gather(2, target.repeat(1, 2)[..., None])[..., 0].chunk(2, 1)  # [U, K]
        price = (share.sum(-1) / present.sum(1, keepdim=True)).mean()
        return tried.lambda_neg * left.mean() - tried.lambda_pos * kept.mean() + tried.alpha * price

    def _validated(self) -> float:
        """Return the mean share of 11 points at which targets of the validation users stay listed; lower is better."""
        length, listed = self.judge.best.shape[1], 0.0
        for part in self.judge.histories.chunks(
            rows_at_once(length * len(tenths(0)) * len(self.recommender.catalogue))
        ):
            histories, best = self.judge.histories.rows(part), self.judge.best[part]
            weights = self.recommender.weighed(histories).weights
            kept = self.network.masks(histories.items, weights, best) * weights[:, None]  # [B, K, H]
            order = kept.masked_fill(~histories.present[:, None], -1).sort(dim=-1, descending=True, stable=True).indices
            turn = turns(order)
            points = torch.tensor([tenths(count) for count in histories.present.sum(1).tolist()], device=order.device)
            gone = turn[:, :, None] < points[:, None, :, None]  # [B, K, S, H]
            keep = (histories.present[:, None, None] & ~gone).to(weights.dtype).flatten(1, 2)  # [B, K * S, H]
            scores = catalogue_scores(self.recommender, histories, keep, CandidateRule.UNSEEN_BEFORE)  # [B, K * S, I]
            target = best.repeat_interleave(points.shape[1], 1)  # [B, K * S]
            above = (scores > scores.gather(2, target[..., None])).sum(-1)
            listed += float((above < length).double().mean(1).sum())
        return listed / len(self.judge.histories)
