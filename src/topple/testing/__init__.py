"""The contract kit, for the parts of this library and of anybody else's: run each check in one test of yours.

    def test_my_recommender_keeps_the_contract():
        check_recommender(MyRecommender(...))

Every check returns nothing, or raises `ContractError` (an `AssertionError`) that says what failed, the value and the rule.
"""

from topple.testing.datasets import check_dataset
from topple.testing.explainers import check_explainer
from topple.testing.metrics import check_metric
from topple.testing.recommenders import check_recommender
from topple.testing.toy import OpaqueRecommender, ToyRecommender, film_recommender, film_world
from topple.testing.worlds import World, random_additive, random_mult_vae, tiny_split, worlds

__all__ = [
    "OpaqueRecommender",
    "ToyRecommender",
    "World",
    "check_dataset",
    "check_explainer",
    "check_metric",
    "check_recommender",
    "film_recommender",
    "film_world",
    "random_additive",
    "random_mult_vae",
    "tiny_split",
    "worlds",
]
