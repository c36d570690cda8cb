"""The judge: named sets in, Verdicts out. It trusts no claim and searches for nothing."""

from collections.abc import Sequence

import torch
from torch import Tensor

from topple.errors import QueryError
from topple.explanation import CandidateRule, Query, Verdict
from topple.recommenders.base import Recommender
from topple.recommenders.encoding import EncodedQueries, candidate_rule, check, encode
from topple.recommenders.ranking import rank, top_k
from topple.recommenders.what_if import only, unchanged, without
from topple.types import ItemId
from topple.verification.minimality import minimal
from topple.verification.reranking import reranked, target_ranks


def verify(
    recommender: Recommender,
    queries: Sequence[Query],
    removed: Sequence[Sequence[ItemId]],
    *,
    rule: CandidateRule | str | None = None,
) -> list[Verdict]:
    """Judge sets of any origin by re-ranking the full catalogue in float64.

    Args:
        recommender: the recommender that made the recommendations.
        queries: N queries.
        removed: one set of history items a query; an empty one means that none was found.
        rule: judge all under this rule; None for each query's own.

    Raises:
        QueryError: a query that cannot be asked, a set with items outside the history or with protected ones, not as many
            sets as queries, or an unknown rule.
    """
    its = None if rule is None else candidate_rule(rule)
    if len(queries) != len(removed):
        raise QueryError(
            f"{len(removed)} sets for {len(queries)} queries: give one set a query, empty where none was found."
        )
    for query, named in zip(queries, removed, strict=True):
        check(query, recommender.catalogue)
        stray = set(named) - set(query.history) | set(named) & set(query.protected)
        if stray:
            item = sorted(stray, key=repr)[0]
            what = "protected" if item in query.protected else "not in the history"
            raise QueryError(f"removed item {item!r} is {what}. Remove unprotected items of the history only.")
    if not queries:
        return []
    encoded = encode(queries, recommender.catalogue, device=recommender.device)
    places = torch.zeros_like(encoded.protected)
    for row, (query, named) in enumerate(zip(queries, removed, strict=True)):
        gone = set(named)
        places[row, : len(query.history)] = torch.tensor([item in gone for item in query.history])
    return judge(recommender, encoded, places, its)


def judge(
    recommender: Recommender, queries: EncodedQueries, removed: Tensor, rule: CandidateRule | None = None
) -> list[Verdict]:
    """Judge sets given as places of the history, bool [N, H], under one rule or each query's own."""
    if rule is not None:
        return _judge(recommender, queries, removed, rule)
    verdicts: dict[int, Verdict] = {}
    for its, places in queries.by_rule().items():
        mine = _judge(recommender, queries.select(places), removed[places], its)
        verdicts.update(zip(places.tolist(), mine, strict=True))
    return [verdicts[place] for place in range(len(queries))]


def ranks_before(recommender: Recommender, queries: EncodedQueries) -> Tensor:
    """Return the rank of each target for the unchanged history [N]; one scored history serves all its targets."""
    out = torch.zeros(len(queries), dtype=torch.int64, device=queries.row.device)
    histories = queries.histories
    for places, scores in reranked(recommender, histories, unchanged(histories), CandidateRule.UNSEEN_BEFORE):
        mine, where = (queries.row[:, None] == places).nonzero(as_tuple=True)
        own = scores[where, 0]
        out[mine] = rank(own, own.gather(1, queries.target[mine][:, None])[:, 0])
    return out


def _judge(recommender: Recommender, queries: EncodedQueries, removed: Tensor, rule: CandidateRule) -> list[Verdict]:
    histories = queries.histories.rows(queries.row)
    removed = removed[:, : histories.items.shape[1]]
    after, alone = without(histories, removed[:, None]), only(histories, removed[:, None])
    keep = torch.cat([unchanged(histories), after, alone], dim=1)
    ranks = torch.zeros(len(queries), 3, dtype=torch.int64, device=queries.row.device)
    replacements: dict[int, tuple[ItemId, ...]] = {}
    for places, scores in reranked(recommender, histories, keep, rule):
        ranks[places] = target_ranks(scores, queries.target[places])
        replacements.update(zip(places.tolist(), _replacements(recommender, scores, queries.k[places]), strict=True))
    found = removed.any(1)
    necessary = found & (ranks[:, 1] > queries.k)
    is_minimal = minimal(recommender, queries, removed & necessary[:, None], rule)
    verdicts = []
    for place, query in enumerate(queries.queries):
        if not found[place]:
            verdicts.append(Verdict(query, rule, found=False, rank_before=int(ranks[place, 0])))
            continue
        verdicts.append(
            Verdict(
                query,
                rule,
                found=True,
                size=int(removed[place].sum()),
                rank_before=int(ranks[place, 0]),
                rank_after=int(ranks[place, 1]),
                rank_alone=int(ranks[place, 2]),
                replacements=replacements[place],
                necessary=bool(necessary[place]),
                sufficient=bool(ranks[place, 2] <= queries.k[place]),
                minimal=bool(is_minimal[place]) if necessary[place] else None,
            )
        )
    return verdicts


def _replacements(recommender: Recommender, scores: Tensor, k: Tensor) -> list[tuple[ItemId, ...]]:
    """Return, for each query of a chunk, the items that are in its list after the removal and were not before."""
    lists = top_k(scores[:, :2], int(k.max())).cpu()
    out = []
    for (before, after), length in zip(lists, k.tolist(), strict=True):
        known = set(before[:length].tolist())
        new = [item for item in after[:length].tolist() if item not in known]
        out.append(recommender.catalogue.vocabulary.decode(new))
    return out
