import numpy as np
import pytest

import topple
from topple import Budget
from topple.api.effort import EFFORTS, with_effort
from topple.errors import ArgumentError, SettingsError
from topple.explainers.auto import Auto, AutoSettings
from topple.records.effort import Effort
from topple.testing import film_world, random_mult_vae
from topple.testing.toy import ANA

FILMS = film_world()
VERBS = [
    lambda **options: topple.explain(FILMS.recommender, ANA, k=2, progress=False, **options),
    lambda **options: topple.explain_queries(FILMS.recommender, [FILMS.two], progress=False, **options),
    lambda **options: list(topple.explain_each(FILMS.recommender, [FILMS.two], **options)),
]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("effort", [*Effort, "balanced"])
def test_an_effort_is_settings_and_a_limit_in_scored_histories(verb, effort):
    spends = EFFORTS[Effort(effort)]
    found = verb(effort=effort)
    limits = {} if spends.scored is None else {"scored": spends.scored}
    plain = verb(settings=dict(spends.settings), budget=limits)
    assert [topple.canonical_json(each) for each in found] == [topple.canonical_json(each) for each in plain]
    assert found[0].settings["budget"] == spends.settings["budget"]


def test_more_effort_proves_more_and_costs_more():
    model = random_mult_vae(items=60, seed=3, hidden=24, latent=8)
    ids = model.catalogue.vocabulary.ids
    histories = {user: ids[user : user + 12] for user in range(6)}
    costs, proven = [], []
    for effort in Effort:
        found = topple.explain(model, histories, k=3, effort=effort, progress=False)
        costs.append(sum(each.cost for each in found))
        proven.append(sum(each.proof is topple.Proof.MINIMUM for each in found))
    assert costs[0] < costs[1] <= costs[2]
    assert proven[0] < proven[1] <= proven[2]


def test_what_does_not_contradict_goes_with_an_effort():
    settings, budget = with_effort("instant", "auto", {"width": 3}, {"seconds": 2.0, "total_scored": 70})
    assert settings == {"width": 3, "budget": 0}
    assert budget == Budget(scored=500, seconds=2.0, total_scored=70)
    settings, _ = with_effort("proof", "auto", AutoSettings(width=4), None)
    assert settings == {"width": 4, "budget": 20_000}
    assert with_effort(None, "greedy", None, None) == (None, Budget())


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"effort": "quick"}, "effort='quick' is not one of instant, balanced, proof"),
        ({"effort": np.array([1, 2])}, r"effort=array\(\[1, 2\]\) is not one of instant, balanced, proof"),
        ({"effort": "instant", "explainer": "greedy"}, "says what the method 'auto' may spend, and 'greedy' is given"),
        ({"effort": "instant", "explainer": Auto()}, "and an explainer with settings, auto, is given"),
        (
            {"effort": "proof", "settings": {"budget": 5}},
            "effort='proof' sets budget=20000, and the settings say budget=5",
        ),
        ({"effort": "balanced", "budget": {"scored": 9}}, "the budget says scored=9. Give one of the two; seconds"),
    ],
)
def test_contradictions_are_refused(verb, options, match):
    with pytest.raises(SettingsError, match=match):
        verb(**options)


def test_settings_that_are_none_are_refused():
    with pytest.raises(ArgumentError, match=r"settings=3 is of type int\. Give a mapping of settings by name"):
        with_effort("instant", "auto", 3, None)
