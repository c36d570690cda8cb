from topple import registry
from topple.api.faces.menus import explainer_menu, preset_for
from topple.recommenders.models.ease import EASE
from topple.testing import random_mult_vae


def test_the_menu_is_the_registry_with_what_each_does():
    menu = explainer_menu()
    assert [choice.explainer for choice in menu] == list(registry.names("explainers"))
    assert all(choice.does and choice.goals and choice.fits is None and not choice.reason for choice in menu)


def test_for_a_model_each_fits_or_says_why_not():
    network = {choice.explainer: choice for choice in explainer_menu(random_mult_vae())}
    assert not network["exact"].fits
    assert "needs a recommender that is additive" in network["exact"].reason
    assert "bounds" in network["auto"].reason
    linear = {choice.explainer: choice for choice in explainer_menu(EASE)}
    assert all(choice.fits and choice.reason for choice in linear.values())
    assert linear["exact"].reason == "ease is additive"
    assert linear["lxr"].reason == "once fitted: topple fit --explainer lxr; ease is differentiable"


def test_published_settings_are_found_by_the_data_set():
    lcer = next(choice for choice in explainer_menu() if choice.explainer == "lcer")
    assert "ml-100k" in lcer.presets
    assert preset_for("lcer", "ml-100k") == "ml-100k"
    assert preset_for("lcer", None) is None
    assert preset_for("auto", "ml-100k") is None
