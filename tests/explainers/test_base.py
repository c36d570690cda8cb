import pytest

from topple.errors import CapabilityError, SettingsError
from topple.explainers.base import Explainer
from topple.explainers.lcer import Lcer, LcerSettings
from topple.recommenders.models.mult_vae import MultVAESettings
from topple.scoring.recommender import Capability
from topple.testing import OpaqueRecommender, film_recommender


def test_defaults_are_used_when_no_settings_are_given():
    assert Lcer().settings == LcerSettings()


def test_settings_of_something_else_are_refused():
    with pytest.raises(SettingsError, match="MultVAESettings given to lcer, which takes LcerSettings"):
        Lcer(MultVAESettings())


def test_a_recommender_without_what_is_needed_is_refused_with_what_it_declares():
    match = "lcer needs .* differentiable; opaque-toy declares: none. Choose one that fits opaque-toy: auto, exhaustive, greedy"
    with pytest.raises(CapabilityError, match=match):
        Lcer().require(film_recommender(OpaqueRecommender))


def test_every_missing_capability_is_named():
    class Greedy(Explainer):
        name = "greedy"
        needs = frozenset({Capability.FEED_FORWARD, Capability.TRAINABLE, Capability.ADDITIVE})

        def propose(self, recommender, queries, on_progress=None):
            raise NotImplementedError

    with pytest.raises(CapabilityError, match="is feed_forward, trainable; toy declares: additive, differentiable"):
        Greedy().require(film_recommender())


def test_a_recommender_with_what_is_needed_passes():
    Lcer().require(film_recommender())


def test_a_method_of_another_package_cannot_prove_in_the_name_of_one_of_this_library():
    class Theirs(Lcer):
        name = "lcer"

    assert Lcer().prover == "lcer"
    assert Theirs().prover == "tests:lcer"
    Theirs.name = "theirs"
    assert Theirs().prover == "theirs"
