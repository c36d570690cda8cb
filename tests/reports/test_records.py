import json
from dataclasses import replace

import pytest

import topple
from topple import (
    Catalogue,
    Explanation,
    Proof,
    Query,
    Status,
    Vocabulary,
    read_explanations,
    sentence,
    write_explanations,
)
from topple.errors import DataError, OutputExistsError
from topple.reports.records import explanation_json
from topple.testing import film_recommender


def examples(ids):
    a, b, c, d = ids
    return [
        Explanation(
            Query((a, b), c, k=2, protected=frozenset({b}), seed=5, user="ann"), Status.FOUND, items=(a,),
            replacements=(d,), rank_before=1, rank_after=3, proof=Proof.MINIMAL, cost=7, seconds=0.25, method="lcer",
            settings={"lam": 0.5}, model="m", catalogue="c",
        ),
        Explanation(Query((a,), d), Status.NOT_FOUND, rank_before=2, reason="the method found no set"),
    ]  # fmt: skip


@pytest.mark.parametrize("ids", [(10, 20, 30, 40), ("007", "b", "ünï", 'q"uote')])
@pytest.mark.parametrize("file", ["", "explanations.parquet", "explanations.jsonl"])
def test_round_trip(tmp_path, ids, file):
    written = examples(ids)
    write_explanations(written, Catalogue(Vocabulary(ids)), tmp_path / "out")
    assert read_explanations(tmp_path / "out" / file) == written


def test_an_invalid_query_with_ids_of_another_type_leaves_the_others_whole(tmp_path):
    good = examples((10, 20, 30, 40))
    odd = Explanation(Query((10, "x"), "", user="ann"), Status.INVALID, reason="unknown")
    write_explanations([*good, odd], Catalogue(Vocabulary([10, 20, 30, 40])), tmp_path / "out")
    assert read_explanations(tmp_path / "out" / "explanations.jsonl") == [*good, odd]
    stored = read_explanations(tmp_path / "out")
    assert stored[:2] == good
    assert (stored[2].query.history, stored[2].query.target, stored[2].reason) == ((10,), None, "unknown")


def test_titles_with_line_separators_are_read_again(tmp_path):
    written = examples(("a", "b", "c", "d"))
    titles = ("a\u2028b", "b\u2029", "c\x85", "d")
    write_explanations(written, Catalogue(Vocabulary(["a", "b", "c", "d"]), titles), tmp_path / "out")
    assert read_explanations(tmp_path / "out" / "explanations.jsonl") == written


def test_a_folder_of_something_else_is_never_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("keep")
    with pytest.raises(
        OutputExistsError, match=r"a folder of something else \(there is no explanations.parquet in it\)"
    ):
        write_explanations([], Catalogue(Vocabulary(["a"])), tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "keep"


def test_nothing_to_write_is_written(tmp_path):
    write_explanations([], Catalogue(Vocabulary(["a"])), tmp_path / "out", summary={"queries": 0})
    assert read_explanations(tmp_path / "out") == []
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == {"queries": 0}


def test_an_existing_folder_is_refused_and_an_empty_one_is_written_into(tmp_path):
    (tmp_path / "out").mkdir()
    write_explanations([], Catalogue(Vocabulary(["a"])), tmp_path / "out")
    with pytest.raises(OutputExistsError, match="exists and is left as it is"):
        write_explanations([], Catalogue(Vocabulary(["a"])), tmp_path / "out")


def test_one_explanation_as_json_tells_titles_the_sentence_and_the_lists_that_it_names():
    ids = ("a", "b", "c", "d")
    catalogue = Catalogue(Vocabulary(ids), ("A", "B", "C", "D"))
    first, second = examples(ids)
    row = explanation_json(first, catalogue)
    assert (row["schema"], row["target_title"]) == ("topple.explanation/3", "C")
    assert (row["item_titles"], row["replacement_titles"]) == (["A"], ["D"])
    assert row["sentence"] == sentence(first, catalogue)
    assert "item_lists" not in row
    limited = explanation_json(replace(second, query=replace(second.query, exclude=frozenset({"d", "c"}))), catalogue)
    assert limited["item_lists"] == {limited["exclude"]: ["c", "d"]}
    json.dumps(limited, allow_nan=False)


@pytest.mark.parametrize("user", [2**64, 10**400, "half \ud800"])
def test_an_id_that_no_file_can_hold_is_refused_in_words_and_leaves_nothing(tmp_path, user):
    model = film_recommender()
    found = topple.explain(model, {user: ["alien", "brazil"]}, k=2, progress=False)
    with pytest.raises(DataError, match=r"^user holds what no file can: .* Give ids that are texts"):
        topple.write_explanations(found, model.catalogue, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
