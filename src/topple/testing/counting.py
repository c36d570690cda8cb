"""A recommender that counts the rows it is asked for."""

import copy
from dataclasses import dataclass

from torch import Tensor

from topple.scoring.recommender import Recommender, Scorer
from topple.scoring.variations import HistoryBatch


@dataclass(eq=False)
class Asked:
    """How many rows were asked for: a row is one variation of one history.

    Args:
        rows: every row.
        changed: the rows that are neither the whole history nor the empty one; what pads a batch looks like these two.
    """

    rows: int = 0
    changed: int = 0

    def take(self, keep: Tensor, present: Tensor) -> None:
        """Count the rows of `keep` [B, S, H] of histories with these positions filled [B, H] or longer."""
        kept = keep.detach()
        whole = (kept == present[:, None, : kept.shape[2]]).all(2)
        self.rows += kept.shape[0] * kept.shape[1]
        self.changed += int(((kept > 0).any(2) & ~whole).sum())


def counting(recommender: Recommender) -> tuple[Recommender, Asked]:
    """Return a copy that shares everything with a recommender and counts what is asked of `score` and `bind`.

    What each item adds (`contributions`) and the layers of a network are capabilities: reading them is not counted. Rows and
    equations are not offered by the copy, so that it is asked for scores.
    """
    asked, copied = Asked(), copy.copy(recommender)

    def score(histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        asked.take(keep, histories.present)
        return recommender.score(histories, keep, candidates)

    def bind(histories: HistoryBatch, candidates: Tensor | None = None) -> Scorer:
        scorer = recommender.bind(histories, candidates)

        def bound(keep: Tensor, rows: Tensor | None = None) -> Tensor:
            asked.take(keep, histories.present if rows is None else histories.present[rows])
            return scorer(keep, rows)

        return bound

    vars(copied).update(score=score, bind=bind, contributions=recommender.contributions)
    vars(copied).update(rows=lambda *asked: None, solved=lambda histories: None)
    return copied, asked
