import json
import os
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.numpy import load_file, save_file

import topple
from topple.errors import DataNotFoundError, ModelFolderError, OutputExistsError
from topple.recommenders.models.mult_dae import MultDAE
from topple.recommenders.models.mult_vae import MultVAE
from topple.recommenders.saving.folders import load_arrays, load_model, load_model_split, save_model
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import random_mult_vae, tiny_split
from topple.testing.worlds import catalogue_of

SETTINGS = {"hidden": 8, "latent": 4, "epochs": 1}


def scores(model):
    batch = HistoryBatch.of([[1, 2, 3]])
    return model.score(batch, unchanged(batch))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "vae"
    model = MultVAE.fit(tiny_split(), MultVAE.settings_type.parse(SETTINGS))
    save_model(model, folder, tiny_split())
    return model, folder


@pytest.fixture
def folder(saved, tmp_path):
    shutil.copytree(saved[1], tmp_path / "vae")
    return tmp_path / "vae"


def edit(folder, **changes):
    about = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**about, **changes}))


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", [MultVAE, MultDAE])
def test_a_model_comes_back_as_it_was(kind, tmp_path):
    split = tiny_split()
    model = kind.fit(split, kind.settings_type.parse(SETTINGS))
    save_model(model, tmp_path / "model", split)
    loaded = load_model(tmp_path / "model")
    assert type(loaded) is kind
    assert torch.equal(scores(loaded), scores(model))
    assert loaded.fingerprint == model.fingerprint
    assert loaded.settings == model.settings
    assert loaded.training == model.training
    assert loaded.catalogue == model.catalogue
    data = load_model_split(tmp_path / "model")
    assert data is not None
    assert data.describe() == split.describe()
    assert data.histories() == split.histories()


def test_what_is_loaded_can_be_asked(folder):
    model, split = load_model(folder), load_model_split(folder)
    explained = topple.explain(model, split.histories(limit=1), k=2, progress=False)
    assert [explanation.model for explanation in explained] == [model.fingerprint] * 2


def test_what_the_probe_told_and_who_has_what_in_the_list_come_back(saved, folder):
    model, found = saved[0], load_model(folder)
    assert found.measures() == model.measures()
    assert found.scale > 0
    shares = [[part.listed_share(item, k) for item in range(30)] for part in (model, found) for k in (1, 5, 17)]
    assert shares[:3] == shares[3:]
    assert 0 < max(shares[0]) <= 1


@pytest.mark.parametrize("probe", [{}, {"scale": "1"}, {"scale": -1.0, "gap": 1.0}, {"scale": 1.0, "gap": True}])
def test_a_probe_that_is_no_number_is_refused(folder, probe):
    edit(folder, probe=probe)
    with pytest.raises(
        ModelFolderError, match=r"model.json is damaged \(the probe's (scale|gap) is .*Fit the model again"
    ):
        load_model(folder)


def test_counts_of_another_catalogue_are_refused(folder):
    counts = load_file(folder / "listed.safetensors")
    for key, value in (("counts", counts["counts"][1:]), ("users", np.array([0])), ("counts", np.ones((30, 5)))):
        save_file({**counts, key: value}, folder / "listed.safetensors")
        with pytest.raises(ModelFolderError, match=r"listed.safetensors holds \w+ counts of shape .* for 30 items"):
            load_model(folder)


@pytest.mark.parametrize("titled", [True, False])
def test_ids_and_titles_come_back(titled, tmp_path):
    catalogue = catalogue_of(24)
    catalogue = catalogue.with_titles({104: 'The "Odd", Title\n'}) if titled else catalogue
    model = MultVAE.from_arrays(random_mult_vae().arrays(), catalogue)
    save_model(model, tmp_path / "model")
    assert load_model_split(tmp_path / "model") is None
    assert load_model(tmp_path / "model").catalogue == catalogue


def test_a_folder_holds_no_pickle(saved):
    names = {path.name for path in saved[1].iterdir()}
    assert names == {"model.json", "weights.safetensors", "items.parquet", "split", "listed.safetensors"}


def test_an_existing_folder_is_left_as_it_is(folder):
    before = files(folder)
    with pytest.raises(OutputExistsError, match=r"vae exists and is left as it is.*overwrite"):
        save_model(random_mult_vae(), folder)
    assert files(folder) == before


def test_an_existing_folder_is_replaced_when_asked(folder):
    other = random_mult_vae()
    save_model(other, folder, overwrite=True)
    assert load_model(folder).fingerprint == other.fingerprint
    assert load_model_split(folder) is None


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from topple.errors import OutputError
from topple.recommenders.saving.folders import save_model
from topple.testing import random_mult_vae
model = random_mult_vae()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    save_model(model, Path(sys.argv[1]), overwrite=True)
except OutputError as error:
    print(error)
"""


def test_a_full_disk_leaves_the_old_folder_whole(folder):
    before = files(folder)
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(folder)], capture_output=True, text=True, check=True)
    assert "is unchanged" in done.stdout
    assert files(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["vae"]


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(ModelFolderError, match=r"is not a model folder: model.json is missing.*topple fit --out"):
        load_model(tmp_path)
    with pytest.raises(ModelFolderError, match="is not a model folder"):
        load_model(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["{", "", "[]", "3", "null", '"text"', '{"format": '])
def test_a_damaged_model_json_is_refused(folder, text):
    (folder / "model.json").write_text(text)
    with pytest.raises(ModelFolderError, match=r"model.json is damaged"):
        load_model(folder)


def test_a_model_json_that_is_not_text_is_refused(folder):
    (folder / "model.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelFolderError, match=r"model.json is damaged"):
        load_model(folder)


@pytest.mark.parametrize("key", ["recommender", "settings", "catalogue", "training", "fingerprint", "probe", "name"])
def test_a_model_json_without_one_of_its_parts_is_refused(folder, key):
    about = json.loads((folder / "model.json").read_text())
    del about[key]
    (folder / "model.json").write_text(json.dumps(about))
    with pytest.raises(ModelFolderError, match=f"model.json is damaged.*{key}"):
        load_model(folder)


def test_a_model_json_whose_catalogue_has_no_fingerprint_is_refused(folder):
    edit(folder, catalogue={"items": 30})
    with pytest.raises(ModelFolderError, match=r"model.json is damaged"):
        load_model(folder)


@pytest.mark.parametrize(
    "changes", [{"recommender": "mult-gan"}, {"settings": {"wings": 2}}, {"settings": {"hidden": -1}}]
)
def test_a_recommender_or_settings_that_this_version_does_not_know_are_refused(folder, changes):
    edit(folder, **changes)
    with pytest.raises(ModelFolderError, match=r"vae.*(mult-gan|wings|hidden)"):
        load_model(folder)


def test_another_format_version_is_refused_by_its_name(folder):
    edit(folder, format="topple.model/9")
    with pytest.raises(
        ModelFolderError, match=r"has format 'topple.model/9'; this version of topple reads 'topple.model/2'"
    ):
        load_model(folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "items.parquet"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelFolderError, match=f"vae is damaged .*{name}.*Fit the model again"):
        load_model(folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "items.parquet", "listed.safetensors"])
@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_truncated_file_is_refused(folder, name, share):
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ModelFolderError, match="vae is damaged"):
        load_model(folder)


def test_weights_that_were_changed_are_refused(folder):
    weights = load_file(folder / "weights.safetensors")
    weights["bias_p_2"] = weights["bias_p_2"] + 1
    save_file(weights, folder / "weights.safetensors")
    with pytest.raises(ModelFolderError, match=r"weights.safetensors is not what model.json describes"):
        load_model(folder)


def test_a_missing_file_of_the_split_is_named(folder):
    (folder / "split" / "test_tr.csv").unlink()
    with pytest.raises(DataNotFoundError, match=r"test_tr.csv is missing"):
        load_model_split(folder)


def test_items_of_another_catalogue_are_refused(folder, tmp_path):
    save_model(random_mult_vae(), tmp_path / "other")
    shutil.copy(tmp_path / "other" / "items.parquet", folder / "items.parquet")
    with pytest.raises(ModelFolderError, match=r"items.parquet is of catalogue \w+, model.json of \w+"):
        load_model(folder)


def test_a_split_of_another_catalogue_is_refused(folder):
    lines = (folder / "split" / "unique_sid.txt").read_text().splitlines()
    (folder / "split" / "unique_sid.txt").write_text("\n".join(reversed(lines)) + "\n")
    with pytest.raises(ModelFolderError, match=r"split is of catalogue \w+, model.json of \w+"):
        load_model_split(folder)
    assert load_model(folder)


def test_a_model_of_another_catalogue_is_refused(folder):
    match = r"is a model of another catalogue: 30 items \(\w+\), given 24 items \(\w+\).*Use the data the model was trained on"
    with pytest.raises(ModelFolderError, match=match):
        load_model(folder, catalogue_of(24))


def test_the_titles_of_a_given_catalogue_are_used(folder):
    titled = tiny_split().catalogue.with_titles({"i003": "Three"})
    assert load_model(folder, titled).catalogue.title("i003") == "Three"


@pytest.mark.parametrize("name", ["weights.safetensors", "items.parquet", "listed.safetensors"])
def test_a_pipe_in_the_stead_of_a_file_is_refused(folder, name):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(ModelFolderError, match=rf"vae is damaged .*{name} is not a file"):
        load_model(folder)


def test_a_title_that_is_no_text_is_refused(folder):
    items = pq.read_table(folder / "items.parquet")
    pq.write_table(items.append_column("title", pa.array(range(30))), folder / "items.parquet")
    with pytest.raises(ModelFolderError, match=r"vae is damaged .*the title 0 of item .* is no text of UTF-8"):
        load_model(folder)


def test_a_model_json_that_is_nested_too_deep_is_refused(folder):
    (folder / "model.json").write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(ModelFolderError, match=r"model.json is damaged"):
        load_model(folder)


def test_named_arrays_are_read_from_npz(tmp_path):
    np.savez(tmp_path / "weights.npz", a=np.arange(3), b=np.eye(2))
    found = load_arrays(tmp_path / "weights.npz")
    assert found["a"].tolist() == [0, 1, 2]
    assert found["b"].shape == (2, 2)


def test_arrays_that_need_pickle_are_refused(tmp_path):
    np.savez(tmp_path / "weights.npz", a=np.array([{"code": 1}], dtype=object))
    with pytest.raises(ModelFolderError, match=r"is not an .npz file of plain arrays .*numpy.savez"):
        load_arrays(tmp_path / "weights.npz")


def test_a_missing_weights_file_is_refused(tmp_path):
    with pytest.raises(ModelFolderError, match=r"weights.npz is not a file: nothing is there. Give the .npz file"):
        load_arrays(tmp_path / "weights.npz")


def test_files_of_other_kinds_are_refused(tmp_path):
    np.save(tmp_path / "one.npy", np.arange(3))
    (tmp_path / "text.npz").write_text("weights")
    (tmp_path / "empty.npz").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "zip.npz", "w") as archive:
        archive.writestr("readme.txt", "no arrays")
    np.savez_compressed(tmp_path / "cut.npz", a=np.random.default_rng(0).normal(size=1000))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "cut.npz").read_bytes()[:500])
    np.savez_compressed(tmp_path / "flipped.npz", a=np.random.default_rng(0).normal(size=1000))
    damaged = bytearray((tmp_path / "flipped.npz").read_bytes())
    damaged[300:340] = bytes(40)
    (tmp_path / "flipped.npz").write_bytes(damaged)
    for path in [*tmp_path.iterdir(), tmp_path]:
        with pytest.raises(ModelFolderError, match=r"is not an .npz file of plain arrays|is not a file but a folder"):
            load_arrays(path)
