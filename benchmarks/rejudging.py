"""Explanations judged anew by numpy alone, for models whose scores are sums of rows: nothing of topple's kernel is used."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from scipy import sparse

from topple.records.answer import Explanation, Proof, Status


class Rejudge:
    """Judges explanations of an additive model under the rule `unseen_before`.

    Args:
        rows: what each item of a history adds to the scores [I, I].
        ids: the items, in the order of the rows.
    """

    def __init__(self, rows: sparse.csr_matrix, ids: Sequence[object]) -> None:
        self.rows, self.index = rows, {item: number for number, item in enumerate(ids)}

    def wrong(self, explanations: Iterable[Explanation]) -> list[str]:
        """Return what is wrong with explanations; nothing where all is as they say."""
        return [told for each in explanations for told in self._wrong(each)]

    def _wrong(self, each: Explanation) -> Iterable[str]:
        """Yield what is wrong with one explanation."""
        query = each.query
        history = np.array([self.index[item] for item in query.history])
        target, k = self.index[query.target], query.k
        tolerance = self._tolerance(history, target)

        def out(removed: Sequence[int]) -> bool:
            scores = self._scores(np.delete(history, list(removed)))
            scores[history] = -np.inf
            bar = scores[target] + tolerance
            above = int((scores > bar).sum())
            if abs(scores[target]) <= tolerance:  # nothing speaks for it: whoever ties with it may stand above it
                above += int((np.abs(scores - scores[target]) <= tolerance).sum()) - 1
            return above >= k

        if out([]):
            yield f"{query.user} {query.target}: not in the list"
        if each.status is Status.FOUND and each.proof is not None:
            if not out(each.positions):
                yield f"{query.user} {query.target}: {each.items} does not topple it"
            for position in each.positions if len(each.positions) > 1 else ():
                if each.proof is not Proof.VALID and out([one for one in each.positions if one != position]):
                    yield f"{query.user} {query.target}: {each.items} holds one too many"
            if (
                each.proof is Proof.MINIMUM
                and len(each.positions) > 1
                and any(out([one]) for one in range(len(history)))
            ):
                yield f"{query.user} {query.target}: a single item does it, and {each.items} is called minimum"
        if each.status is Status.IMPOSSIBLE and out(range(len(history))):
            yield f"{query.user} {query.target}: without the whole history it leaves, and it is called impossible"

    def _scores(self, history: np.ndarray) -> np.ndarray:
        """Return the scores of all items for a history, float64."""
        found: np.ndarray = np.asarray(self.rows[history].sum(0), dtype=np.float64).ravel()
        return found

    def _tolerance(self, history: np.ndarray, target: int) -> float:
        """Return the tolerance of a query: eight times the rounding of float64, times the largest score there is, at least."""
        scores = self._scores(history)
        return float(8e-12 * max(abs(scores[target]), float(np.partition(scores, -10)[-10]), math.ulp(1.0)))
