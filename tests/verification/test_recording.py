"""Columns of what the judge found, and the Verdicts that they come to, worked out by hand."""

from dataclasses import replace

import pytest
import torch

from topple.records.answer import Verdict
from topple.records.question import CandidateRule
from topple.scoring.encoding import encode
from topple.testing import film_world
from topple.verification.outcomes import Outcomes
from topple.verification.recording import Judged, recorded
from topple.verification.stamps import stamp_of

FILMS = film_world()
BEFORE = CandidateRule.UNSEEN_BEFORE


def flags(*values):
    return torch.tensor(values, dtype=torch.bool)


def outcomes(tried, lead, rank, entered, by_fillers=(0, 0, 0)):
    """Outcomes of the queries `tried`; zeros elsewhere."""
    out = flags(*(value > 0 for value in lead))
    number = torch.tensor(rank)
    return Outcomes(
        flags(*tried),
        out,
        out,
        flags(*by_fillers),
        torch.tensor(lead, dtype=torch.float64),
        number,
        number * 0 + 1,
        entered,
    )


def records(**changes):
    """What is recorded of a set that is to remove, of one that is to keep, and of none."""
    goals = ("necessary", "both", "necessary")
    history = ("alien", "brazil")
    queries = encode([replace(FILMS.one, history=history, goal=goal) for goal in goals], FILMS.recommender.catalogue)
    found = Judged(
        sets=flags([1, 1], [0, 1], [0, 0]),
        wants_out=flags(1, 1, 1),
        wants_kept=flags(0, 1, 0),
        rank_before=torch.tensor([1, 1, 1]),
        tied_before=torch.tensor([0, 2, 3]),
        tolerance=torch.tensor([0.5, 0.25, 0.125]),
        without=outcomes((1, 1, 0), (0.0, 2.0, 0.0), (3, 4, 0), {0: [5], 1: [6, 5]}, by_fillers=(1, 0, 0)),
        alone=outcomes((0, 1, 0), (0.0, -1.5, 0.0), (0, 1, 0), {}),
        necessary=flags(1, 1, 0),
        sufficient=flags(0, 1, 0),
        valid=flags(1, 1, 0),
        minimal=flags(1, 0, 1),
        within_rounding=flags(0, 1, 0),
        proven_below=torch.tensor([0.0, 1000.0, torch.inf], dtype=torch.float64),
        proof_by=["", "", "exact"],
    )
    return queries.queries, recorded(FILMS.recommender, queries, BEFORE, replace(found, **changes), "as it is")


def test_every_field_is_that_of_the_column():
    (first, second, third), verdicts = records()
    assert verdicts == [
        Verdict(
            first, BEFORE, True, 2, 1, 3, None, replacements=("fargo",), necessary=True, minimal=True,
            without_evidence=True, whole_history=True,
        ),
        Verdict(
            second, BEFORE, True, 1, 1, 4, 1, replacements=("gattaca", "fargo"), necessary=True, sufficient=True,
            minimal=False, within_rounding=True, at_least=1.0,
        ),
        Verdict(third, BEFORE, False, rank_before=1, at_least=torch.inf, proof_by="exact"),
    ]  # fmt: skip
    assert [(each.margin, each.tied_before, each.tied_after) for each in verdicts] == [
        (0.0, 0, 1),
        (1.5, 2, 1),
        (None, 3, 1),
    ]


def test_values_are_those_of_python_and_each_verdict_is_stamped_with_the_set():
    for named, tolerance, verdict in zip([(0, 1), (1,), ()], [0.5, 0.25, 0.125], records()[1], strict=True):
        assert {type(verdict.rank_before), type(verdict.necessary), type(verdict.size)} == {int, bool}
        told = stamp_of(verdict)
        assert (told.model(), told.state, told.positions, told.tolerance) == (
            FILMS.recommender,
            "as it is",
            named,
            tolerance,
        )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"minimal": None}, [None, None, None]),  # the time was over before
        ({"valid": flags(0, 1, 0)}, [None, False, None]),  # not asked of a set that is not valid
    ],
)
def test_whether_a_set_is_minimal_is_said_where_it_is_known(changes, said):
    assert [each.minimal for each in records(**changes)[1]] == said
