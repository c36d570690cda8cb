"""How far sets that are to suffice are past their goal, beside what every score says, added up in the order of the history."""

import numpy as np
import pytest
import torch

from tests.explainers.sums.parity import GOALS, KINDS, RULES, draw_model, draw_queries
from topple import Catalogue, Query, Vocabulary, registry
from topple.explainers.search.explainer import engines
from topple.explainers.sums.asked import Shortlist
from topple.explainers.sums.finding import query_of
from topple.explainers.sums.margins import Kept, margin_alone, margins_alone
from topple.explainers.sums.search import asked_of
from topple.recommenders.families.row_sums import SparseRows
from topple.scoring.encoding import encode
from topple.scoring.sums.changing import anew, comes_back

NONE = np.zeros(0, dtype=np.int64)
SHORT = Shortlist(NONE, np.zeros(0), np.zeros((0, 0)), NONE, 0, 0)


def asked_about(model, queries):
    """Yield the sums, the search, room and one query each, of what can be asked."""
    for _, engine in engines(model, encode(queries, model.catalogue), 64):
        table, sums = engine.table, engine.sums
        search = asked_of(engine, sums.row.shape, *table.cells, (6, 50, 2, 8))
        for number, row in enumerate(table.source[table.row].tolist()):
            columns, width = np.empty((3, sums.start[row + 1] - sums.start[row])), sums.row.shape[1]
            gone, noted = np.zeros((2, width), dtype=bool), np.full(len(table.row), np.inf)
            kept = Kept(False, SHORT, gone[0], gone[1], np.empty(width), *columns, noted)
            yield sums, search, kept, query_of(sums, search, SHORT, row, number)


def by_every_score(sums, search, one, units):
    """Return the margin by all that competes, where it is told without fillers and rounding; else None."""
    row, length = one.history, sums.length[one.history]
    removed = np.zeros(sums.row.shape[1], dtype=bool)
    removed[:length] = ~units[search.unit[row, :length]]
    start, others = sums.start[row], [sums.rest] * sums.others[row]
    own = [sums.found[row, at] for at in range(length)] if sums.unseen else []
    for column in range(sums.start[row + 1] - start):
        if column != one.column and column not in own and sums.score[start + column] > -np.inf:
            others.append(anew(sums, row, removed, column))
    back = [at for at in range(length) if comes_back(sums, row, removed, at)]
    others += [anew(sums, row, removed, sums.found[row, at]) for at in back]
    if one.column < 0:
        others.remove(sums.rest)
    score, kth = anew(sums, row, removed, one.column), sorted(others)[-one.k]
    lead, band = kth - (score + one.tolerance), search.rounding * max(abs(kth), abs(score))
    silent = len(search.empty) and abs(score - search.empty[search.target[one.number]]) <= one.tolerance
    return None if abs(lead) <= band or (lead <= 0 and silent) else -lead


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_margins_are_those_of_all_scores_added_up_in_the_order_of_the_history(kind, rule):
    random, told = np.random.default_rng([KINDS.index(kind), RULES.index(rule), 21]), 0
    for _ in range(4):
        model = draw_model(random, kind)
        queries = draw_queries(random, model, 3, rule, longest=14, goals=GOALS)
        queries = [each for each in queries if each.largest is None and each.target not in each.exclude]
        for sums, search, kept, one in asked_about(model, queries[::3]):
            named = np.flatnonzero(search.removable[one.number])
            for size in {1, len(named) // 2, len(named) - 1} & set(range(1, len(named))):
                units = np.zeros(search.removable.shape[1], dtype=bool)
                units[random.choice(named, size, replace=False)] = True
                margin = by_every_score(sums, search, one, units)
                if margin is not None:
                    assert margin_alone(sums, search, kept, one, units) == margin
                    told += 1
                more = named[~units[named]]
                margins = margins_alone(sums, search, kept, [one], units.copy(), more)[0]
                for unit, reached in zip(more, margins, strict=True):
                    units[unit] = True
                    alone = margin_alone(sums, search, kept, one, units)
                    units[unit] = False
                    assert reached == pytest.approx(alone, rel=1e-9, abs=1e-9 + 1e-3 * one.tolerance)
    assert told > 10


def test_what_no_row_touches_competes_again_once_it_is_removed():
    arrays = {"indptr": [0, 2, 2, 2, 3] + [3] * 4, "indices": [5, 6, 6], "similarities": [1, -1, 3]}
    arrays = {name: np.array(part, np.float32 if name == "similarities" else int) for name, part in arrays.items()}
    model = registry.load("recommenders", "item-knn").from_arrays(arrays, Catalogue(Vocabulary(list(range(8)))))
    model._rows = SparseRows(*(torch.as_tensor(part) for part in arrays.values()))
    query = Query((0, 3, 1), 5, k=1, rule="unseen_after", candidates=frozenset({5, 6, 1}))
    ((sums, search, kept, one),) = asked_about(model, [query])
    nothing, first = np.zeros(3, dtype=bool), np.array([True, False, False])
    margin = margin_alone(sums, search, kept, one, first)
    assert margin == pytest.approx(1)  # item 5 scores 1, item 1 scores 0, item 6 scores -1
    assert margins_alone(sums, search, kept, [one], nothing, np.array([0]))[0, 0] == pytest.approx(1)
