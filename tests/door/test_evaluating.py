import math
from dataclasses import replace

import pytest

from topple.door.evaluating import evaluate
from topple.door.explaining import explain
from topple.errors import QueryError
from topple.explanation import CandidateRule, Explanation, Query, Status
from topple.testing import film_world, random_mult_vae
from topple.testing.toy import ANA

FILMS = film_world()
BEFORE, AFTER = CandidateRule.UNSEEN_BEFORE, CandidateRule.UNSEEN_AFTER

# See test_verify for the verdicts: which of these are necessary / sufficient under unseen_before and unseen_after.
EXPLANATIONS = [
    Explanation(FILMS.one, Status.FOUND, ("brazil",), seconds=1.0),  # n s / n -
    Explanation(FILMS.two, Status.FOUND, ("casablanca",), seconds=2.0),  # - s / n s
    Explanation(FILMS.bo, Status.FOUND, ("gattaca",), seconds=3.0),  # - - / - -
    Explanation(FILMS.impossible, Status.NOT_FOUND, seconds=6.0),
    Explanation(Query((), "evita"), Status.INVALID, reason="the history is empty", seconds=100.0),
]


def test_both_rules_by_hand():
    found = evaluate(FILMS.recommender, EXPLANATIONS)
    assert (found.queries, found.invalid, found.seconds_per_query) == (4, 1, 3.0)
    values = {rule: {name: m.value for name, m in found.measurements[rule].items()} for rule in (BEFORE, AFTER)}
    assert values[BEFORE] == pytest.approx(
        {
            "coverage": 3 / 4,
            "validity": 1 / 4,
            "pn": 1 / 3,
            "ps": 2 / 3,
            "f_ns": 4 / 9,
            "mean_size": 1,
            "share_minimal": 1,
        }
    )
    assert values[AFTER] == pytest.approx(
        {
            "coverage": 3 / 4,
            "validity": 2 / 4,
            "pn": 2 / 3,
            "ps": 1 / 3,
            "f_ns": 4 / 9,
            "mean_size": 1,
            "share_minimal": 1,
        }
    )


def test_invalid_queries_are_in_no_denominator_and_lost_ones_are():
    measured = evaluate(FILMS.recommender, EXPLANATIONS).measurements[BEFORE]
    assert {name: m.denominator for name, m in measured.items()} == {
        "coverage": 4,
        "validity": 4,
        "pn": 3,
        "ps": 3,
        "f_ns": 3,
        "mean_size": 3,
        "share_minimal": 1,
    }


def test_what_explain_returns_can_be_evaluated_and_its_proofs_hold():
    model = random_mult_vae(items=30, seed=4)
    ids = model.catalogue.vocabulary.ids
    users = {f"u{n}": ids[n : n + 5] for n in range(6)} | {"bad": ()}
    explained = explain(model, users, k=2, explainer="lcer", settings={"steps": 100}, progress=False)
    found = evaluate(model, explained)
    assert (found.queries, found.invalid) == (12, 1)
    proven = sum(e.valid for e in explained)
    assert found.measurements[BEFORE]["validity"].value == pytest.approx(proven / 12)
    assert 0 < proven < 12


def test_the_claims_of_an_explanation_are_not_believed():
    lie = replace(EXPLANATIONS[2], proof="minimum", rank_after=7)
    assert evaluate(FILMS.recommender, [lie]).measurements[BEFORE]["pn"].value == 0


def test_explanations_of_another_catalogue_are_refused():
    other = random_mult_vae()
    stray = replace(EXPLANATIONS[0], catalogue=other.catalogue.fingerprint)
    with pytest.raises(
        QueryError, match=r"explanations of catalogue \w+ cannot be judged with a model of \w+. Use the model"
    ):
        evaluate(FILMS.recommender, [EXPLANATIONS[0], stray])


def test_a_set_outside_its_history_is_refused():
    with pytest.raises(QueryError, match="named item 'evita' is not in the history"):
        evaluate(FILMS.recommender, [Explanation(Query(ANA, "fargo", k=2), Status.FOUND, ("evita",))])


@pytest.mark.parametrize("explanations", [[], EXPLANATIONS[-1:]])
def test_nothing_to_evaluate_is_no_error(explanations):
    found = evaluate(FILMS.recommender, explanations)
    assert (found.queries, found.invalid, found.seconds_per_query) == (0, len(explanations), 0.0)
    assert math.isnan(found.measurements[BEFORE]["coverage"].value)
