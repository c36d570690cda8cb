"""The full catalogue settles: no lead that rounding may have made, ties that nothing speaks for, and what stays undecided."""

import pytest
import torch

from topple import CandidateRule, Query
from topple.explainers.search.full_catalogue import FullCatalogue
from topple.explainers.search.targets import TargetTable
from topple.scoring.changed import ChangedRows
from topple.scoring.encoding import encode
from topple.scoring.ranking import Ranking
from topple.testing import film_recommender
from topple.testing.toy import ANA

ROUNDING = 1e-3
TINY = torch.finfo(torch.float64).tiny


def catalogue_of(empty=None, *, names_kept=False):
    """Two units of ANA named; the target is evita, at k = 1."""
    model = film_recommender()
    queries = encode([Query(ANA, "evita", k=1, item_costs={"brazil": 2.5})], model.catalogue)
    table = TargetTable.of(queries, torch.arange(1))
    ranking, tolerance = Ranking(ROUNDING, 1.0, empty), torch.tensor([[0.01]], dtype=torch.float64)
    return FullCatalogue(model, table, CandidateRule.UNSEEN_BEFORE, ranking, tolerance, names_kept=names_kept)


def scores(evita, fargo):
    row = torch.full((1, 1, 7), -torch.inf, dtype=torch.float64)
    row[..., 4], row[..., 5], row[..., 6] = evita, fargo, -100.0
    return row


KEEP = torch.tensor([[[1.0, 0.0, 1.0, 0.0]]], dtype=torch.float64)  # without brazil and duel
ROWS = torch.tensor([0])


@pytest.mark.parametrize(
    ("fargo", "out", "stays"),
    [
        (12.0, 1.99, -1.99),  # surely out
        (10.015, 0.0, -0.005),  # out by less than rounding: neither surely out nor surely in
        (10.005, -0.005, 0.0),  # in by less than rounding
        (8.0, -2.01, 2.01),  # surely in
    ],
)
def test_a_lead_within_rounding_is_none(fargo, out, stays):
    catalogue = catalogue_of()
    for kept, expected in ((False, out), (True, stays)):
        (lead,) = catalogue.leads(ROWS, KEEP, scores(10.0, fargo), kept=kept).flatten().tolist()
        assert lead == pytest.approx(expected, abs=1e-9)
        assert (lead > 0) == (expected > 0)


@pytest.mark.parametrize(("names_kept", "cost"), [(False, 3500), (True, 0)])
def test_the_cheapest_set_that_rounding_decides_about_is_noted(names_kept, cost):
    catalogue = catalogue_of(names_kept=names_kept)
    catalogue.leads(ROWS, KEEP, scores(10.0, 12.0), kept=False)
    assert catalogue.undecided.isinf().all()
    catalogue.leads(ROWS, KEEP, scores(10.0, 10.015), kept=False)
    assert catalogue.undecided.tolist() == [[cost]]


def test_a_target_that_ties_with_what_nothing_speaks_for_is_out_by_the_least_lead_and_not_kept():
    catalogue = catalogue_of(empty=torch.zeros(7, dtype=torch.float64))
    tied = scores(0.0, 0.0)
    assert catalogue.leads(ROWS, KEEP, tied, kept=False).item() == TINY
    assert catalogue.leads(ROWS, KEEP, tied, kept=True).item() == -TINY


def test_rows_are_held_by_the_history_that_they_change():
    catalogue, changed = catalogue_of(), ChangedRows()
    found = catalogue.scores(ROWS, KEEP, changed)
    numbers, rows, new = changed.find(torch.tensor([0]), KEEP[0])
    assert (numbers.tolist(), new.tolist()) == ([0], [])
    assert torch.equal(rows, found[0])
    assert found[0, 0, :4].isinf().all(), "what is seen does not compete"
