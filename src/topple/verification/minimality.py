"""Is a set minimal: can no single item (or group) of it be given back?"""

import torch
from torch import Tensor

from topple.records.question import CandidateRule, Goal
from topple.scoring.encoding import EncodedQueries
from topple.scoring.recommender import Recommender
from topple.scoring.variations import PACKED, HistoryBatch, Packing, only, without
from topple.verification.reranking import reranked, target_ranks


def minimal(recommender: Recommender, queries: EncodedQueries, named: Tensor, rule: CandidateRule) -> Tensor:
    """Return which sets no longer do what their goal asks whenever one item or group of them is given back, bool [N].

    Where the score is not monotone, a smaller part of a minimal set could still do; the claim is about single items or
    groups only.

    Args:
        recommender: the recommender.
        queries: N queries.
        named: sets that do what their goal asks, bool [N, H]; one without items, or with a single item or group, counts as
            minimal.
        rule: which items compete.
    """
    unit = queries.unit[queries.row]
    first = named & (unit == torch.arange(unit.shape[1], device=unit.device))
    query, place = (first & (first.sum(1, keepdim=True) > 1)).nonzero(as_tuple=True)
    fewer = named[query] & (unit[query] != place[:, None])
    meets = torch.ones_like(query, dtype=torch.bool)
    goals = [its.goal for its in queries.queries]
    for goal, changed in ((Goal.SUFFICIENT, without), (Goal.NECESSARY, only)):
        ask = torch.tensor([its is not goal for its in goals], device=query.device)[query] & meets
        if not ask.any():
            continue
        packing = Packing.of(queries.row[query[ask]], PACKED)
        histories = queries.histories.rows(packing.which)
        keep = changed(histories, packing.lay(fewer[ask])[..., : histories.items.shape[1]])
        out = packing.pick(_ranks(recommender, histories, keep, packing.lay(queries.target[query[ask]]), rule))
        listed = out <= queries.k[query[ask]]
        meets[ask] = listed if changed is only else ~listed
    return torch.zeros_like(queries.k).index_add_(0, query, meets.long()) == 0


def _ranks(
    recommender: Recommender, histories: HistoryBatch, keep: Tensor, targets: Tensor, rule: CandidateRule
) -> Tensor:
    """Return the rank of each target [R, S] in its variation."""
    ranks = torch.zeros_like(targets)
    for places, scores in reranked(recommender, histories, keep, rule):
        ranks[places] = target_ranks(scores, targets[places])
    return ranks
