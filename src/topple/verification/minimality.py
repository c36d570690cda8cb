"""Is a set minimal: can no single item of it be given back?"""

import torch
from torch import Tensor

from topple.explanation import CandidateRule
from topple.recommenders.base import Recommender
from topple.recommenders.encoding import EncodedQueries
from topple.recommenders.what_if import PACKED, Packing, without
from topple.verification.reranking import reranked, target_ranks


def minimal(recommender: Recommender, queries: EncodedQueries, removed: Tensor, rule: CandidateRule) -> Tensor:
    """Return which sets stop toppling whenever one item of them is given back, bool [N].

    Where the score is not monotone, a smaller part of a minimal set could still topple; the claim is about single
    items only.

    Args:
        recommender: the recommender.
        queries: N queries.
        removed: sets that topple, bool [N, H]; an empty set counts as minimal.
        rule: which items compete.
    """
    query, place = removed.nonzero(as_tuple=True)
    fewer = removed[query]
    fewer[torch.arange(len(query)), place] = False
    packing = Packing.of(queries.row[query], PACKED)
    histories = queries.histories.rows(packing.which)
    keep = without(histories, packing.lay(fewer)[..., : histories.items.shape[1]])
    targets = packing.lay(queries.target[query])
    ranks = torch.zeros_like(targets)
    for places, scores in reranked(recommender, histories, keep, rule):
        ranks[places] = target_ranks(scores, targets[places])
    topples = packing.pick(ranks) > queries.k[query]
    return torch.zeros_like(queries.k).index_add_(0, query, topples.long()) == 0
