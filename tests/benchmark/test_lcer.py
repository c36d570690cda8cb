import json

import pytest

import topple
from topple.benchmark.lcer import ORDER_DEPENDENT, reproduce_lcer
from topple.errors import CapabilityError
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
    assert not found.order_dependent
    assert found.as_json()["order_dependent"] is False
    assert all("order_dependent" not in explanation.settings for explanation in found.explanations)


def test_as_published_every_answer_says_that_it_depends_on_the_order(split, tmp_path):
    found = reproduce_lcer(split, QUICK, SMALL, users=2, k=3, progress=False, as_published=True)
    assert found.order_dependent
    assert found.as_json()["order_dependent"] is True
    assert len(found.explanations) == 6
    for explanation in found.explanations:
        assert explanation.method == "lcer-as-published"
        assert explanation.reason.endswith(ORDER_DEPENDENT)
        assert explanation.settings == {**QUICK.model_dump(), "order_dependent": True}
    topple.write_explanations(found.explanations, found.recommender.catalogue, tmp_path / "out")
    read = topple.read_explanations(tmp_path / "out")
    assert topple.evaluate(found.recommender, read).queries == 6
    assert all(explanation.reason.endswith(ORDER_DEPENDENT) for explanation in read)


def test_as_published_refuses_another_model_before_the_work(split, monkeypatch):
    monkeypatch.setattr("topple.benchmark.lcer.fit", None)
    weighted = MultVAESettings(weighted=True)
    with pytest.raises(
        CapabilityError, match=r"the model is mult-vae with weights\. Give such a model, or leave --as-p"
    ):
        reproduce_lcer(split, QUICK, weighted, as_published=True)
    ease = topple.fit(split, "ease", progress=False)
    with pytest.raises(CapabilityError, match=r"the model is ease\. Give such a model"):
        reproduce_lcer(split, QUICK, SMALL, recommender=ease, as_published=True)


def test_as_published_takes_an_item_that_comes_again_once(tmp_path):
    rows = "\n".join(f"{user},{(user * 3 + turn * turn) % 30}" for user in range(60) for turn in range(10))
    (tmp_path / "t.csv").write_text(f"user,item\n{rows}\n")
    repeats = topple.prepare(topple.read_interactions(tmp_path / "t.csv", duplicates="keep", ordered=True))
    found = reproduce_lcer(repeats, QUICK, SMALL, users=3, k=2, progress=False, as_published=True)
    assert {explanation.status for explanation in found.explanations} <= {"found", "not_found"}
    assert all(len(set(e.query.history)) == len(e.query.history) for e in found.explanations)
