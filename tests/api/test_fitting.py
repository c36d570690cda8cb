import pandas as pd
import pytest

from topple import registry
from topple.api.fitting import fit
from topple.data.interactions import Interactions
from topple.data.sources.generated import Generated
from topple.data.splitting import prepare
from topple.errors import CapabilityError, DataError, SettingsError, UnknownNameError
from topple.explainers.lcer import LcerSettings
from topple.recommenders.models.mult_dae import MultDAE
from topple.recommenders.models.mult_vae import MultVAE, MultVAESettings
from topple.testing import tiny_split

TINY = {"hidden": 8, "latent": 4, "epochs": 2}


def test_a_recommender_is_fitted_by_name():
    assert type(fit(tiny_split(), settings=TINY, progress=False)) is MultVAE
    assert type(fit(tiny_split(), "mult-dae", settings={"latent": 4, "epochs": 1}, progress=False)) is MultDAE


def test_settings_may_be_an_object_or_a_mapping_and_the_bar_changes_nothing(capsys):
    expected = MultVAE.fit(tiny_split(), MultVAESettings(**TINY)).fingerprint
    assert fit(tiny_split(), settings=TINY, progress=False).fingerprint == expected
    assert fit(tiny_split(), settings=MultVAESettings(**TINY), progress=True).fingerprint == expected
    assert capsys.readouterr().out == ""


def test_interactions_are_prepared_with_the_defaults():
    interactions = Generated().load()
    assert isinstance(interactions, Interactions)
    model = fit(interactions, settings={**TINY, "epochs": 1}, progress=False)
    assert model.catalogue == prepare(interactions).catalogue


@pytest.mark.parametrize("progress", [True, False])
def test_hooks_are_called_with_and_without_a_bar(progress):
    epochs, best = [], []
    fit(tiny_split(), settings=TINY, progress=progress, on_epoch=epochs.append, on_best=best.append)
    assert [epoch.number for epoch in epochs] == [1, 2]
    assert best


@pytest.mark.parametrize("progress", [True, False])
def test_an_interrupt_returns_the_best_state_so_far(progress):
    def stop(epoch):
        raise KeyboardInterrupt

    model = fit(tiny_split(), settings=TINY, progress=progress, on_epoch=stop)
    assert (model.training["interrupted"], model.training["epochs"]) == (True, 1)


@pytest.mark.parametrize(
    ("kwargs", "error", "match"),
    [
        (
            {"recommender": "multvae"},
            UnknownNameError,
            "'multvae' is not one of the recommenders.*Did you mean 'mult-vae'",
        ),
        (
            {"settings": {"hiden": 3}},
            SettingsError,
            "'hiden' is not a setting of MultVAESettings.*Did you mean 'hidden'",
        ),
        ({"settings": {"epochs": 0}}, SettingsError, "epochs=0"),
        ({"settings": LcerSettings()}, SettingsError, "LcerSettings given to mult-vae, which takes MultVAESettings"),
    ],
)
def test_what_cannot_be_fitted_is_refused(kwargs, error, match):
    with pytest.raises(error, match=match):
        fit(tiny_split(), progress=False, **kwargs)


def test_a_frame_is_refused_with_what_to_make_of_it():
    frame = pd.DataFrame({"user": [1], "item": [2]})
    with pytest.raises(
        DataError, match=r"fit takes a Split or Interactions, not DataFrame. Make one with read_interactions"
    ):
        fit(frame, progress=False)


def test_a_recommender_that_is_not_trained_is_refused(monkeypatch):
    monkeypatch.setitem(registry.rows("recommenders"), "toy", "topple.testing.toy:ToyRecommender")
    with pytest.raises(CapabilityError, match=r"toy cannot be trained. Choose a trainable recommender"):
        fit(tiny_split(), "toy", progress=False)
