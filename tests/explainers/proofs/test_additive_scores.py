"""The bound against every subset, tried in the test itself by the library's rule for ties."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from topple.explainers.proofs.additive_scores import DEEP, AdditiveScores, find_gaps
from topple.explainers.search.engine import Engine
from topple.explainers.search.targets import TargetTable
from topple.records.question import UNSEEN, CandidateRule, Query
from topple.scoring.encoding import encode
from topple.testing import film_world, random_additive
from topple.testing.toy import ToyRecommender
from topple.testing.worlds import catalogue_of


class Silent(ToyRecommender):
    """A model whose empty history says nothing, so that items leave a list by being outranked alone."""

    empty_by_rule = True


def silent(model):
    """The same numbers in a model whose empty history says nothing."""
    return Silent(model.catalogue, model.arrays()["gives"])


def topples(table, query, index, removed):
    """Whether k competitors outrank the target, in plain Python; a competitor's score must be higher by more than rounding."""
    kept = [item for item in query.history if item not in removed]
    hidden = set(query.history if query.rule is CandidateRule.UNSEEN_BEFORE else kept)
    scores = {item: sum(float(table[index[kind], index[item]]) for kind in kept) for item in index}
    own = scores[query.target]
    above = [
        item for item, score in scores.items() if item not in hidden and item != query.target and score - own > 1e-9
    ]
    return len(above) >= query.k


def smallest(model, query):
    """The size of a smallest set, or None, by trying all."""
    table = model.arrays()["gives"].double().numpy()
    index = {item: place for place, item in enumerate(model.catalogue.vocabulary.ids)}
    free = [item for item in query.history if item not in query.protected]
    for size in range(1, len(free) + 1):
        if any(topples(table, query, index, set(chosen)) for chosen in combinations(free, size)):
            return size
    return None


def bounds(model, queries, most=None):
    """The bound of each query (all of one rule) with the gaps that it counts."""
    encoded = encode(queries, model.catalogue)
    table = TargetTable.of(encoded, torch.arange(len(queries)))
    items = torch.arange(len(model.catalogue))
    assert len(items) == len(model.catalogue)
    scores = AdditiveScores(
        table.histories, model.contributions(table.histories), torch.zeros(len(table.histories), len(items)).double()
    )
    deepest = table.removable[table.cells].sum(1) if most is None else torch.tensor(most)
    found = find_gaps(Engine.over(model, table, queries[0].rule), scores, table.cells, deepest)
    return [gaps.counting_bound(most) for gaps, most in zip(found, deepest.tolist(), strict=True)], found


@st.composite
def questions(draw):
    """A random additive world, whole numbers (many ties) or not, with a few queries of one rule."""
    items, seed = draw(st.integers(8, 12)), draw(st.integers(0, 10_000))
    model = silent(random_additive(items, seed))
    if draw(st.booleans()):
        random = np.random.default_rng(seed)
        model = Silent(catalogue_of(items), torch.from_numpy(random.normal(0.5, 1, (items, items))).float())
    ids = list(model.catalogue.vocabulary.ids)
    rule = draw(st.sampled_from(UNSEEN))
    longest, queries = draw(st.integers(1, items - 3)), []
    for _ in range(draw(st.integers(1, 3))):
        order = draw(st.permutations(ids))
        length = draw(st.integers(1, longest))
        k = draw(st.integers(1, min(5, items - longest - 1)))
        protected = frozenset(order[: draw(st.integers(0, min(2, length)))])
        queries.append(Query(tuple(order[:length]), order[-1], k=k, rule=rule, protected=protected))
    return model, queries


@given(questions())
@settings(max_examples=150, deadline=None)
def test_the_bound_is_never_above_the_true_minimum(world):
    model, queries = world
    found, _ = bounds(model, queries)
    for query, bound in zip(queries, found, strict=True):
        least = smallest(model, query)
        assert least is None or bound <= least


@given(questions())
@settings(max_examples=60, deadline=None)
def test_fewest_is_what_each_competitor_alone_needs(world):
    """At most what it takes under the rule for ties, at least what it takes when a tie may count as more."""
    model, queries = world
    table = model.arrays()["gives"].double().numpy()
    index = {item: place for place, item in enumerate(model.catalogue.vocabulary.ids)}
    _, every = bounds(model, queries)
    found = {
        (q, i): m for q, gaps in enumerate(every) for i, m in zip(gaps.item.tolist(), gaps.fewest.tolist(), strict=True)
    }
    for number, query in enumerate(queries):
        for item, place in index.items():
            ties, clear = (alone(table, index, query, item, more=more) for more in (-1e-4, 1e-5))
            assert ties <= found.get((number, place), np.inf) <= clear


def alone(table, index, query, item, more):
    """The fewest removals after which the item's score is higher by `more`, relative to the larger; infinity if none."""
    free = [each for each in query.history if each not in query.protected]
    for size in range(len(free) + 1):
        for removed in combinations(free, size):
            kept = [each for each in query.history if each not in removed]
            hidden = query.history if query.rule is CandidateRule.UNSEEN_BEFORE else kept
            score, own = (sum(table[index[each], index[one]] for each in kept) for one in (item, query.target))
            if item != query.target and item not in hidden and score - own > more * max(abs(score), abs(own), 1e-9):
                return size
    return np.inf


def test_the_bound_of_the_films():
    """Fargo, k = 2: evita is above it already, gattaca is once brazil is gone (6 against 5), but then evita is not."""
    films = film_world()
    found, _ = bounds(films.recommender, [films.two])
    assert found == [1]


def test_a_competitor_held_down_by_several_items_is_seen():
    """The target has 0 whatever is removed; the competitor has 0.5 - 1 - 1 - 1, and 0.5 without the three."""
    table = torch.zeros(8, 8)
    table[:4, 6] = torch.tensor([0.5, -1, -1, -1])
    model = Silent(catalogue_of(8), table)
    ids = model.catalogue.vocabulary.ids
    found, (gaps,) = bounds(model, [Query(ids[:4], ids[7], k=1)])
    assert found == [3]
    assert gaps.item.tolist() == [6]
    assert bounds(model, [Query(ids[:4], ids[7], k=1)], most=[2])[0] == [3]


def test_protected_items_are_not_counted():
    films = film_world()
    found, _ = bounds(films.recommender, [films.impossible])
    (free,) = bounds(films.recommender, [films.two])[1]
    (kept,) = bounds(films.recommender, [films.impossible])[1]
    assert found == [2]  # without brazil, gattaca needs alien and casablanca gone
    assert np.abs(kept.gains[:, 1]).max() == 0
    assert np.abs(free.gains[:, 1]).max() > 0


def test_most_cuts_the_bound():
    model = silent(random_additive(30, seed=5))
    ids = model.catalogue.vocabulary.ids
    queries = [Query(ids[:20], ids[25], k=k) for k in (1, 3, 5)]
    whole, _ = bounds(model, queries)
    for most in (0, 1, 2, 4):
        cut, _ = bounds(model, queries, most=[most] * 3)
        assert cut == [min(bound, most + 1) for bound in whole]


@pytest.mark.parametrize("rule", UNSEEN)
def test_the_bound_is_the_same_alone_and_in_a_batch_of_deep_and_shallow_queries(rule):
    model = silent(random_additive(80, seed=3))
    ids = model.catalogue.vocabulary.ids
    queries = [Query(ids[: 10 + 10 * n], ids[70 + n % 3], k=1 + n, rule=rule) for n in range(5)]
    most = [2, 3, DEEP + 5, 1, DEEP]
    together, _ = bounds(model, queries, most=most)
    alone = [bounds(model, [query], most=[deep])[0][0] for query, deep in zip(queries, most, strict=True)]
    assert together == alone
