"""Deletion and insertion curves: the target's rank and score as a history is emptied and filled in the order of an attribution."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from topple.records.answer import Explanation
from topple.records.curves import Curve, Curves, lengths_of
from topple.scoring.devices import computing
from topple.scoring.encoding import EncodedQueries, encode
from topple.scoring.memory import histories_at_once
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import unchanged_scores
from topple.scoring.variations import turns
from topple.verification.reranking import reranked
from topple.verification.verify import by_history

KINDS = 3
"""Deletion, reverse deletion, insertion."""


@computing()
def curves(
    recommender: Recommender, explanations: Sequence[Explanation], on_progress: Callable[[float], None] | None = None
) -> list[Curves]:
    """Return the curves of explanations that have attributions, by the full catalogue in float64, under each query's candidate rule.

    Events are taken by their numbers, level ones in the order of the history. Every metric that looks at curves shares these.

    Args:
        recommender: what is explained.
        explanations: with a number for each event, none NaN.
        on_progress: called with how many more explanations are done.
    """
    queries = [each.query for each in explanations]
    found: dict[int, Curves] = {}
    for numbers in by_history(queries, histories_at_once(len(recommender.catalogue))):
        encoded = encode([queries[number] for number in numbers], recommender.catalogue, device=recommender.device)
        attributions = [explanations[number].attributions for number in numbers]
        found.update(zip(numbers, _curves(recommender, encoded, attributions), strict=True))
        if on_progress is not None:
            on_progress(len(numbers))
    return [found[number] for number in range(len(explanations))]


def _curves(recommender: Recommender, queries: EncodedQueries, attributions: Sequence[Sequence[float]]) -> list[Curves]:
    """Return the curves of N queries of one rule."""
    lengths = [lengths_of(len(numbers)) for numbers in attributions]
    points = [  # the query, the kind of curve, and how many events
        (number, kind, length) for number, several in enumerate(lengths) for kind in range(KINDS) for length in several
    ]
    number, kind, length = torch.tensor(points, device=queries.row.device).unbind(1)  # [M]
    turn = _turns(attributions, queries.histories.present[queries.row])[number]  # [M, H]
    events = torch.tensor([len(numbers) for numbers in attributions], device=turn.device)[number, None]  # [M, 1]
    first, last = turn < length[:, None], (turn >= events - length[:, None]) & (turn < events)
    present = queries.histories.present[queries.row[number]]
    gone = torch.where((kind == 0)[:, None], first, torch.where((kind == 1)[:, None], last, ~first))
    keep = (present & ~gone).to(queries.histories.weights.dtype)
    ranks, scores = _ranked(recommender, queries, number, keep)
    values = zip(ranks.tolist(), scores.tolist(), strict=True)
    return [
        Curves(*(Curve(several, *zip(*(next(values) for _ in several), strict=True)) for _ in range(KINDS)))
        for several in lengths
    ]


def _turns(attributions: Sequence[Sequence[float]], present: Tensor) -> Tensor:
    """Return when each event is taken, from 0, the highest number first [N, H]; padding comes last."""
    numbers = torch.full(present.shape, -torch.inf, dtype=torch.float64, device=present.device)
    for row, several in enumerate(attributions):
        numbers[row, : len(several)] = torch.tensor(several, dtype=torch.float64)
    order = numbers.sort(dim=1, descending=True, stable=True).indices
    return turns(order)


def _ranked(recommender: Recommender, queries: EncodedQueries, number: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
    """Return the ranks and scores of the targets of the queries `number` [M] for what is kept of their histories [M, H]; both [M]."""
    rule = queries.queries[0].rule
    unchanged = unchanged_scores(recommender, queries, rule)
    target, k, ranking = queries.target[:, None], queries.k[:, None], unchanged.ranking  # [N, 1]
    tolerance = unchanged.tolerance(queries.row, target)
    ranks, scores = torch.zeros_like(number), keep.new_zeros(len(number))
    for part, every in reranked(recommender, queries.histories, queries.row[number], keep, rule):
        query = number[part]
        standing = ranking.standing(every, target[query], k[query], tolerance[query])
        ranks[part] = ranking.rank(every, standing, tolerance[query])[:, 0]
        scores[part] = standing.score[:, 0]
    return ranks, scores


def have_numbers(explanation: Explanation) -> bool:
    """Return whether an explanation has a number for each event, so that curves can be drawn."""
    numbers = explanation.attributions
    return bool(numbers) and len(numbers) == len(explanation.query.history) and not any(map(math.isnan, numbers))
