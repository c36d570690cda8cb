import pytest

from topple import fit, load_model, load_model_split
from topple.api.faces import keeping
from topple.api.faces.keeping import KeepBest
from topple.errors import OutputExistsError
from topple.testing import random_mult_vae, tiny_split


def test_the_best_state_is_on_disk_while_a_training_goes_on(tmp_path, monkeypatch):
    seen = []
    saving = keeping.save_model

    def save(model, folder, split, *, overwrite):
        saving(model, folder, split, overwrite=overwrite)
        seen.append(model.fingerprint)

    monkeypatch.setattr(keeping, "save_model", save)
    keep = KeepBest(tmp_path / "m", tiny_split(), every=0)
    settings = {"hidden": 8, "latent": 4, "epochs": 4}
    model = fit(tiny_split(), settings=settings, on_best=keep, progress=False)
    assert load_model(tmp_path / "m").fingerprint == seen[-1] == model.fingerprint
    before = len(seen)
    keep.finish(model)
    assert len(seen) == before + 1
    assert load_model_split(tmp_path / "m").histories() == tiny_split().histories()


def test_states_that_come_quickly_are_not_all_saved(tmp_path):
    keep, first, second = KeepBest(tmp_path / "m"), random_mult_vae(seed=1), random_mult_vae(seed=2)
    assert first.fingerprint != second.fingerprint
    keep(first)
    keep(second)
    assert load_model(tmp_path / "m").fingerprint == first.fingerprint
    keep.finish(second)
    assert load_model(tmp_path / "m").fingerprint == second.fingerprint


def test_a_folder_that_is_there_is_refused_before_the_training(tmp_path):
    KeepBest(tmp_path / "m", tiny_split()).finish(fit(tiny_split(), "ease", progress=False))
    with pytest.raises(OutputExistsError, match="exists and is left as it is"):
        KeepBest(tmp_path / "m", tiny_split())
    KeepBest(tmp_path / "m", tiny_split(), overwrite=True)
