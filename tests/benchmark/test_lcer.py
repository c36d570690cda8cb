import json

import pytest

import topple
from topple.benchmark.lcer import reproduce_lcer
from topple.explainers.lcer import LcerSettings
from topple.recommenders.models.mult_vae import MultVAESettings
from topple.records.as_json import as_json

QUICK = LcerSettings(steps=40)
SMALL = MultVAESettings(hidden=16, latent=8, epochs=2, batch_size=100)


@pytest.fixture(scope="module")
def split():
    return topple.load_split("generated")


def test_fits_explains_every_test_user_and_measures(split):
    found = reproduce_lcer(split, QUICK, SMALL, users=4, k=3, progress=False)
    assert found.evaluation.queries == 12
    summary = found.as_json()
    json.loads(as_json(summary))
    assert summary["settings"]["mult-vae"]["epochs"] == 2
    assert summary["test_users"] == 80
    assert 0 < summary["ndcg_100"] < 1
    assert {e.query.rule for e in found.explanations} == {topple.CandidateRule.UNSEEN_AFTER}


def test_takes_a_trained_model(split):
    model = topple.fit(split, settings=SMALL, progress=False)
    found = reproduce_lcer(split, QUICK, SMALL, recommender=model, users=1, progress=False)
    assert found.recommender is model
