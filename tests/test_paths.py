"""Every path of the public API may be a string."""

import inspect
import pkgutil
import typing
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import topple
from topple.data.sources import source
from topple.files import refuse_existing, writing
from topple.recommenders.saving.folders import load_arrays
from topple.reports.pictures import explanation_figure, write_picture
from topple.testing import check_dataset, tiny_split

SPLIT = tiny_split()


def public_functions():
    for module in pkgutil.walk_packages(topple.__path__, "topple."):
        if ".cli" in module.name or module.name == "topple.__main__":
            continue
        for name, found in vars(import_module(module.name)).items():
            if not name.startswith("_") and getattr(found, "__module__", None) == module.name:
                yield from _functions(found, f"{module.name}.{name}")


def _functions(found, name):
    if inspect.isfunction(found):
        yield name, found
    elif inspect.isclass(found):
        for method, inner in vars(found).items():
            plain = inner.__func__ if isinstance(inner, classmethod | staticmethod) else inner
            if inspect.isfunction(plain) and (method == "__init__" or not method.startswith("_")):
                yield f"{name}.{method}", plain


INNER = {
    "topple.batch.input.events.EventFiles.__init__",
    "topple.batch.input.events.files_of",
    "topple.batch.input.matrices.MatrixEvents.of_csr",
    "topple.batch.verb.source_of",
    "topple.audit.keys.AuditKeys.__init__",
    "topple.api.papers.parts.parts_of",
    "topple.api.papers.reading.Rows.__init__",
    "topple.benchmark.comparing.learning.ready",
    "topple.data.download.fetch_archive",
    "topple.data.formats.read_adjacency",
    "topple.data.formats.read_json_lines",
    "topple.inputs.refuse_name",
    "topple.data.tables.read_table",
    "topple.data.sources.base.Source.find",
    "topple.data.sources.text.read_ratings",
    "topple.data.titles.movielens_titles",
    "topple.recommenders.saving.description.checked_description",
    "topple.recommenders.saving.description.read_description",
}
"""Functions of the library for itself, and `read` of a data set, which takes the folder that `folder` returned."""


def test_no_public_function_takes_a_path_that_may_not_be_a_string():
    strict = []
    for name, found in public_functions():
        for parameter, annotation in found.__annotations__.items():
            alternatives = [annotation, *typing.get_args(annotation)]
            if parameter != "return" and Path in alternatives and str not in alternatives:
                strict.append(name)
    assert {name for name in strict if not name.endswith(".read")} == INNER


@pytest.fixture
def model():
    return topple.fit(SPLIT, "ease", progress=False)


def test_a_split_is_written_and_read(tmp_path):
    topple.write_split(SPLIT, str(tmp_path / "split"))
    assert topple.read_split(str(tmp_path / "split")).describe() == {**SPLIT.describe()}


def test_titles_are_read_by_the_name_of_their_file(tmp_path):
    (tmp_path / "movies.dat").write_text("1::Matrix, The (1999)::Action\n")
    assert topple.read_titles(str(tmp_path / "movies.dat")) == {1: "The Matrix (1999)"}
    (tmp_path / "titles.csv").write_text("item,title\n1,Alien\n")
    assert topple.read_titles(str(tmp_path / "titles.csv")) == {1: "Alien"}


def test_a_model_is_saved_and_loaded(model, tmp_path):
    topple.save_model(model, str(tmp_path / "model"), SPLIT)
    assert topple.load_model(str(tmp_path / "model")) is not None
    assert topple.load_model_split(str(tmp_path / "model")) is not None


def test_explanations_are_written_and_read(model, tmp_path):
    explained = topple.explain(model, SPLIT.histories(limit=1), k=2, progress=False)
    topple.write_explanations(explained, model.catalogue, str(tmp_path / "out"))
    assert [e.query for e in topple.read_explanations(str(tmp_path / "out"))] == [e.query for e in explained]
    assert len(topple.read_explanations(str(tmp_path / "out" / "explanations.jsonl"))) == len(explained)


def test_a_picture_is_drawn(model, tmp_path):
    pytest.importorskip("matplotlib")
    (explained, *_) = topple.explain(model, SPLIT.histories(limit=1), k=2, progress=False)
    items = model.catalogue.vocabulary.ids
    figure = explanation_figure(explained, model.catalogue, (items[:2], items[1:3]))
    write_picture(figure, str(tmp_path / "why.svg"))
    assert (tmp_path / "why.svg").is_file()


def test_arrays_are_loaded(tmp_path):
    np.savez(tmp_path / "weights.npz", a=np.ones(2))
    assert load_arrays(str(tmp_path / "weights.npz"))["a"].tolist() == [1, 1]


def test_a_data_set_is_found_in_its_folder(tmp_path):
    (tmp_path / "epinions").mkdir()
    lines = "".join(f"{u} {i} 5\n" for u in range(1, 41) for i in range(1, 12))
    (tmp_path / "epinions" / "ratings_data.txt").write_text(lines)
    for folder in (str(tmp_path), str(tmp_path / "epinions")):
        assert topple.load_split("epinions", folder, held_out_users=4).describe()["items"] == 11
        assert source("epinions").folder(folder) == tmp_path / "epinions"
    check_dataset(source("epinions"), str(tmp_path), held_out_users=4)


def test_a_file_is_written_and_an_existing_one_is_refused(tmp_path):
    with writing(str(tmp_path / "new.txt")) as aside:
        aside.write_text("new")
    assert (tmp_path / "new.txt").read_text() == "new"
    with pytest.raises(topple.ToppleError, match=r"new\.txt exists"):
        refuse_existing(str(tmp_path / "new.txt"), overwrite=False)
