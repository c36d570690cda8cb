"""The judge: named sets in, Verdicts out. It trusts no claim and searches for nothing."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import CapabilityError, QueryError
from topple.records.answer import Verdict
from topple.records.question import CandidateRule, Goal, Query
from topple.scoring.encoding import EncodedQueries, candidate_rule, check, encode
from topple.scoring.ranking import top_k
from topple.scoring.recommender import Recommender
from topple.scoring.variations import PACKED, Packing, only, unchanged, without
from topple.types import ItemId
from topple.verification.looking import ByUser, unjudged
from topple.verification.minimality import minimal
from topple.verification.reranking import reranked, target_ranks
from topple.verification.retraining import Retraining, refuse, retrained


def verify(
    recommender: Recommender | ByUser,
    queries: Sequence[Query],
    removed: Sequence[Sequence[ItemId]],
    *,
    rule: CandidateRule | str | None = None,
    retraining: Retraining | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> list[Verdict]:
    """Judge sets of any origin by re-ranking the full catalogue in float64.

    By default a history without the set is scored by the model as it is. With `retraining`, a sample of the sets is judged by
    fitting the model anew without these interactions of the query's user, which takes a fit for each; the other sets are
    judged by inference, and `Verdict.removal` tells which. Of a retrained verdict `necessary`, `rank_after` and
    `replacements` are of the new model, `rank_before` is of the model given, `sufficient` and `rank_alone` are as by
    inference, and `minimal` is None. Sets that are only to be sufficient are always judged by inference.

    Args:
        recommender: the recommender that made the recommendations; with `retraining` also a function from a user id to a score
            for each item of the split's catalogue. Of such a model nothing is known of a history of the set alone: its
            verdicts have no `rank_alone`, and `sufficient` is False.
        queries: N queries.
        removed: one set of history items a query; an empty one means that none was found.
        rule: judge all under this rule; None for each query's own.
        retraining: what to fit the model on anew, and how many sets to judge so; None for inference only.
        on_progress: called with 1 after each fit.

    Raises:
        QueryError: a query that cannot be asked, a set that its query does not allow (items outside the history, protected
            ones, part of a group, too many), not as many sets as queries, an unknown rule, or with `retraining` a user whose
            history is not what was trained on.
        CapabilityError: a recommender that cannot be fitted, with no `fit` given, or a model by user id without retraining.
    """
    its = None if rule is None else candidate_rule(rule)
    if len(queries) != len(removed):
        raise QueryError(
            f"{len(removed)} sets for {len(queries)} queries: give one set a query, empty where none was found."
        )
    catalogue = _catalogue(recommender, retraining)
    for query, named in zip(queries, removed, strict=True):
        check(query, catalogue)
        wrong = not_allowed(query, named)
        if wrong:
            raise QueryError(f"{wrong} Name unprotected items of the history only, as the query allows.")
    if retraining is not None:
        refuse(recommender, queries, removed, retraining)
    if not queries:
        return []
    if isinstance(recommender, Recommender):
        encoded = encode(queries, catalogue, device=recommender.device)
        verdicts = judge(recommender, encoded, _places(encoded, removed), its)
    else:
        verdicts = unjudged(recommender, queries, removed, its, catalogue)
    return verdicts if retraining is None else retrained(recommender, verdicts, removed, retraining, on_progress)


def _catalogue(recommender: Recommender | ByUser, retraining: Retraining | None) -> Catalogue:
    """Return the items that are ranked."""
    if isinstance(recommender, Recommender):
        return recommender.catalogue
    if retraining is None or not callable(recommender):
        raise CapabilityError(
            f"{type(recommender).__name__} is no recommender, and cannot be judged by inference. Wrap it with topple.wrap; a "
            "function that scores by user id can be judged with retraining=Retraining(split, fit=...)."
        )
    return retraining.split.catalogue


def _places(queries: EncodedQueries, removed: Sequence[Sequence[ItemId]]) -> Tensor:
    """Return the places of the sets in their histories, bool [N, H]."""
    places = torch.zeros_like(queries.protected)
    for row, (query, named) in enumerate(zip(queries.queries, removed, strict=True)):
        gone = set(named)
        places[row, : len(query.history)] = torch.tensor([item in gone for item in query.history], device=places.device)
    return places


def not_allowed(query: Query, named: Sequence[ItemId]) -> str:
    """Return what a query's constraints have against a set, or nothing."""
    gone = set(named)
    if not gone <= set(query.history):
        return f"named item {sorted(gone - set(query.history), key=repr)[0]!r} is not in the history."
    if gone & query.protected:
        return f"named item {sorted(gone & query.protected, key=repr)[0]!r} is protected."
    torn = next((group for group in query.groups if 0 < len(gone.intersection(group)) < len(group)), None)
    if torn is not None:
        return f"of the group {torn!r} only a part is named."
    if query.largest is not None and len(gone) > query.largest:
        return f"{len(gone)} items are named, more than largest={query.largest}."
    return ""


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
        for part in torch.split(torch.arange(len(mine), device=mine.device), len(places)):
            out[mine[part]] = target_ranks(scores[where[part], 0], queries.target[mine[part]])
    return out


def _judge(recommender: Recommender, queries: EncodedQueries, removed: Tensor, rule: CandidateRule) -> list[Verdict]:
    packing = Packing.of(queries.row, PACKED)
    histories = queries.histories.rows(packing.which)
    named = packing.lay(removed)[..., : histories.items.shape[1]]  # [R, T, H]
    keep = torch.cat([unchanged(histories), without(histories, named), only(histories, named)], dim=1)
    target, count = packing.lay(queries.target), named.shape[1]
    laid_ranks = torch.zeros(*target.shape, 3, dtype=torch.int64, device=target.device)
    k = int(queries.k.max())
    laid_lists = torch.zeros(*target.shape, 2, k, dtype=torch.int64, device=target.device)
    for places, scores in reranked(recommender, histories, keep, rule):
        parts = (scores[:, :1].expand(-1, count, -1), scores[:, 1 : 1 + count], scores[:, 1 + count :])
        laid_ranks[places] = torch.stack([target_ranks(part, target[places]) for part in parts], -1)
        before, after = top_k(scores[:, :1], k), top_k(scores[:, 1 : 1 + count], k)
        laid_lists[places] = torch.stack([before.expand_as(after), after], 2)
    ranks, lists = packing.pick(laid_ranks), packing.pick(laid_lists)
    necessary = removed.any(1) & (ranks[:, 0] <= queries.k) & (ranks[:, 1] > queries.k)
    goals = [query.goal for query in queries.queries]
    asks, alone = (
        torch.tensor([its is not goal for its in goals], device=necessary.device)
        for goal in (Goal.SUFFICIENT, Goal.NECESSARY)
    )
    valid = removed.any(1) & (necessary | ~asks) & ((ranks[:, 2] <= queries.k) | ~alone)
    is_minimal = minimal(recommender, queries, removed & valid[:, None], rule)
    sizes, decode = removed.sum(1).tolist(), recommender.catalogue.vocabulary.decode
    facts = zip(
        queries.queries,
        sizes,
        ranks.tolist(),
        lists.tolist(),
        necessary.tolist(),
        torch.stack([valid, is_minimal], 1).tolist(),
        strict=True,
    )
    return [
        Verdict(
            query,
            rule,
            found=True,
            size=size,
            rank_before=before,
            rank_after=after,
            rank_alone=alone,
            replacements=decode(_new(both[0], both[1], query.k)),
            necessary=true,
            sufficient=alone <= query.k,
            minimal=small if good else None,
        )
        if size
        else Verdict(query, rule, found=False, rank_before=before, rank_alone=alone)
        for query, size, (before, after, alone), both, true, (good, small) in facts
    ]


def _new(before: list[int], after: list[int], k: int) -> list[int]:
    """Return the items that are in the list after the removal and were not before, best first."""
    known = set(before[:k])
    return [item for item in after[:k] if item not in known]
