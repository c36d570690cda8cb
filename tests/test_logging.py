"""The library logs what long work does, and leaves it to the program where that is shown."""

import logging
import subprocess
import sys

import pytest

import topple
from topple.testing import tiny_split

SILENT = """
import importlib, logging, pkgutil
import topple

for module in pkgutil.walk_packages(topple.__path__, "topple."):
    if module.name != "topple.__main__":
        importlib.import_module(module.name)

model = topple.fit(topple.load_split("generated"), "popularity", progress=False)
ours = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.split(".")[0] == "topple"]
assert ours
assert logging.root.handlers == [] and logging.root.level == logging.WARNING
assert all(logger.handlers == [] and logger.level == logging.NOTSET and logger.propagate for logger in ours)
"""


def test_importing_and_working_configure_no_handler_and_print_nothing():
    done = subprocess.run([sys.executable, "-c", SILENT], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.DEBUG, logger="topple")
    return lambda level, name: [
        r.getMessage() for r in caplog.records if (r.levelno, r.name) == (level, f"topple.{name}")
    ]


def test_reading_and_preparing_say_how_much_there_is(told, tmp_path):
    (tmp_path / "seen.csv").write_text("user,item\n" + "".join(f"u{u},i{i}\n" for u in range(30) for i in range(9)))
    split = topple.prepare(topple.read_interactions(str(tmp_path / "seen.csv")))
    assert told(logging.INFO, "data.reading") == ["read seen.csv: 270 interactions of 30 users with 9 items"]
    assert told(logging.INFO, "data.preparation") == [
        "seen.csv: 270 rows: 30 users, 9 items.",
        "seen.csv: Order of the events: not known, histories come sorted by item id.",
        "prepared seen.csv: 216 of 270 interactions to train on, 9 items, 24 users to train on, 3 to validate, 3 to test",
    ]
    topple.write_split(split, tmp_path / "split")
    topple.read_split(tmp_path / "split")
    assert "24 users to train on, 9 items" in told(logging.INFO, "data.layout")[0]


def test_training_explaining_and_saving_say_when_they_start_and_end(told, tmp_path):
    settings = {"epochs": 3, "hidden": 8, "latent": 4}
    model = topple.fit(tiny_split(), "mult-vae", settings=settings, progress=False)
    (start, end), epochs = (
        told(logging.INFO, "recommenders.training.loop"),
        told(logging.DEBUG, "recommenders.training.loop"),
    )
    assert (start.split(":")[0], end.split(":")[0]) == ("training starts", "training is done")
    assert [epoch.split(":")[0] for epoch in epochs] == ["epoch 1", "epoch 2", "epoch 3"]
    assert told(logging.INFO, "api.fitting")[0].startswith("fit mult-vae on tiny")
    topple.explain(model, tiny_split().histories(limit=1), k=2, explainer="greedy", progress=False)
    start, end = told(logging.INFO, "api.explaining")
    assert start == "explain 2 queries of mult-vae with greedy"
    assert end.startswith("explained: {")
    topple.save_model(model, tmp_path / "model")
    topple.load_model(tmp_path / "model")
    saved, loaded = told(logging.INFO, "recommenders.saving.folders")
    assert saved == f"saved mult-vae ({model.fingerprint}) to {tmp_path / 'model'}"
    assert loaded == f"loaded mult-vae ({model.fingerprint}) of {tmp_path / 'model'}"
