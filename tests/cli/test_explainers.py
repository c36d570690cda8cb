"""`topple explainers`: what fits a model, and why not."""

import json

import pytest

from topple.errors import CapabilityError
from topple.explainers.exact import Exact
from topple.explainers.lcer import Lcer
from topple.testing import film_world, random_mult_vae
from topple.testing.toy import OpaqueRecommender


def test_lists_every_explainer_with_its_needs_and_goals(topple):
    result = topple("explainers", "--json")
    assert result.exit_code == 0, result.output
    rows = {row["explainer"]: row for row in json.loads(result.stdout)["explainers"]}
    assert rows["exact"]["needs"] == ["additive"]
    assert rows["lcer"]["needs"] == ["differentiable"]
    assert rows["auto"]["needs"] == []
    assert rows["auto"]["goals"] == ["both", "necessary", "sufficient"]
    assert all(row["does"] and "fits" not in row for row in rows.values())


@pytest.mark.parametrize(
    ("name", "misfits", "proves"),
    [("mult-vae", {"exact"}, "bounds"), ("ease", set(), "counting"), ("sasrec", {"exact"}, "all smaller sets")],
)
def test_says_what_fits_a_recommender_and_how_the_default_proves(topple, name, misfits, proves):
    found = json.loads(topple("explainers", "--for", name, "--json").stdout)
    rows = {row["explainer"]: row for row in found["explainers"]}
    assert {name for name, row in rows.items() if not row["fits"]} == misfits
    assert all("needs a recommender that is additive" in rows[its]["reason"] for its in misfits)
    assert proves in rows["auto"]["reason"]


def test_a_model_is_looked_at(topple, model):
    result = topple("explainers", "--for", str(model))
    assert result.exit_code == 0, result.output
    assert "explainers for" in result.stdout


def test_a_model_that_is_none_is_refused(topple):
    result = topple("explainers", "--for", "nothing-of-the-kind")
    assert result.exit_code == 2
    assert "nothing-of-the-kind" in result.stderr


def test_what_does_not_fit_names_what_does():
    with pytest.raises(
        CapabilityError, match=r"exact needs a recommender that is additive; mult-vae declares.*fits mult-vae: auto"
    ):
        Exact().require(random_mult_vae())
    opaque = film_world(OpaqueRecommender).recommender
    with pytest.raises(
        CapabilityError,
        match=r"declares: none\. Choose one that fits .*: auto, exhaustive, greedy, leave-one-out, lime-rs\.$",
    ):
        Lcer().require(opaque)
