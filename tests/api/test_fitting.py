import inspect

import pandas as pd
import pytest
import torch

from tests.data.prepared import played_split
from topple import registry
from topple.api import fitting
from topple.api.fitting import fit
from topple.data.interactions import Interactions
from topple.data.preparation import prepare
from topple.data.sources.generated import Generated
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


BY_GRADIENT = {"mult-vae", "mult-dae", "bpr", "lightgcn", "neumf", "sasrec"}


def test_what_learns_by_gradient_takes_a_device():
    classes = {name: registry.load("recommenders", name) for name in registry.names("recommenders")}
    assert {
        name for name, found in classes.items() if "device" in inspect.signature(found.fit).parameters
    } == BY_GRADIENT


def test_a_network_is_trained_on_the_device_asked_for(monkeypatch):
    told, plain = [], MultVAE.fit.__func__

    def recorded(cls, split, settings=None, on_epoch=None, on_best=None, device="cpu"):
        told.append(device)
        return plain(cls, split, settings, on_epoch, on_best)

    monkeypatch.setattr(MultVAE, "fit", classmethod(recorded))
    monkeypatch.setattr(fitting, "device_of", torch.device)
    monkeypatch.setattr(fitting, "on_device", lambda model, device: (model, device))
    model, there = fit(tiny_split(), settings=TINY, progress=False, device="cuda:1")
    assert told == [there] == [torch.device("cuda:1")]
    assert type(model) is MultVAE


def test_a_closed_form_is_moved_to_the_device_when_it_is_fitted(monkeypatch):
    monkeypatch.setattr(fitting, "device_of", torch.device)
    monkeypatch.setattr(fitting, "on_device", lambda model, device: (model.name, device))
    assert fit(tiny_split(), "ease", progress=False, device="cuda") == ("ease", torch.device("cuda"))


def test_a_device_that_is_not_there_is_refused_before_the_work(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SettingsError, match=r"device='cuda': torch .* finds no GPU on this machine"):
        fit(tiny_split(), device="cuda", progress=False)


def test_a_fitted_model_knows_which_data_it_was_fitted_on():
    assert fit(tiny_split(), "popularity", progress=False).training["data"] == tiny_split().fingerprint


class TestWeights:
    def test_a_model_that_does_not_use_them_says_so_and_learns_as_if_each_were_1(self, caplog):
        split = played_split()
        model = fit(split, settings=TINY, progress=False)
        assert "mult-vae does not use the weights of this data" in caplog.text
        assert "set weighted=true, or choose als, ease or item-knn" in caplog.text
        assert model.training["weights"] == "not used"
        assert model.fingerprint == fit(split.unweighted(), settings=TINY, progress=False).fingerprint

    def test_a_model_that_uses_them_learns_from_them(self, caplog):
        split = played_split()
        model = fit(split, settings=TINY | {"weighted": True}, progress=False)
        assert model.training["weights"] == "used"
        assert (
            model.fingerprint != fit(split.unweighted(), settings=TINY | {"weighted": True}, progress=False).fingerprint
        )
        assert "does not use" not in caplog.text
        assert "weights" not in fit(split.unweighted(), "ease", progress=False).training
