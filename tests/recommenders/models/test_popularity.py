import numpy as np
import pytest
import torch

from topple import explain_queries, load_model
from topple.errors import ModelFolderError, SettingsError
from topple.recommenders.models.ease import EaseSettings
from topple.recommenders.models.popularity import Popularity
from topple.recommenders.saving.folders import save_model
from topple.records.answer import Status
from topple.records.question import Query
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender, tiny_split
from topple.testing.worlds import catalogue_of

SPLIT = tiny_split()
COUNTS = SPLIT.train.toarray().sum(0)
FOUR = Popularity(catalogue_of(5), torch.tensor([7.0, 2.0, 9.0, 4.0, 3.0]))  # ids 101, 104, 107, 110, 113


def test_every_history_is_scored_by_the_training_counts():
    model = Popularity.fit(SPLIT)
    batch = HistoryBatch.of([[1, 2, 3], [9]])
    keep = unchanged(batch).repeat(1, 2, 1)
    keep[:, 1, 0] = 0
    scores = model.score(batch, keep)
    np.testing.assert_array_equal(scores.numpy(), np.broadcast_to(COUNTS, scores.shape))
    columns = torch.tensor([[4, 0], [0, 8]])
    np.testing.assert_array_equal(model.score(batch, keep, columns)[:, 1].numpy(), COUNTS[columns.numpy()])
    assert not model.contributions(batch, columns).any()
    assert model.contributions(batch, columns).shape == (2, 3, 2)


def test_scores_may_be_written_on():
    batch = HistoryBatch.of([[1]])
    scores = FOUR.score(batch, unchanged(batch).repeat(1, 2, 1))
    scores[0, 0, 0] = -1
    assert FOUR.score(batch, unchanged(batch))[0, 0, 0] == scores[0, 1, 0] == 7


def test_nothing_topples_it_before_and_a_more_popular_item_does_when_it_comes_back():
    before, after = (Query((101, 104), 110, k=2, rule=rule, user="ana") for rule in ("unseen_before", "unseen_after"))
    assert [e.status for e in explain_queries(FOUR, [before], progress=False)] == [Status.IMPOSSIBLE]
    (found,) = explain_queries(FOUR, [after], progress=False)
    assert found.items == (101,)
    assert found.proof == "minimum"


def test_keeps_the_contract_and_a_model_folder_brings_it_back(tmp_path):
    model = Popularity.fit(SPLIT)
    check_recommender(model)
    save_model(model, tmp_path / "m", SPLIT)
    again = load_model(tmp_path / "m")
    assert again.fingerprint == model.fingerprint
    assert again.training == model.training
    assert model.to("cpu").fingerprint == model.fingerprint


def test_settings_of_something_else_are_refused():
    with pytest.raises(SettingsError, match="EaseSettings given to popularity, which takes PopularitySettings"):
        Popularity.fit(SPLIT, EaseSettings())


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"c": np.zeros(3)}, r"'counts' is missing \(found: c\)"),
        (
            {"counts": np.zeros(2)},
            r"float64 of shape \(2,\), expected real numbers of shape \(3,\) for popularity with 3",
        ),
        ({"counts": np.full(3, "x")}, "expected real numbers of shape"),
        ({"counts": np.full(3, np.inf)}, "NaN or infinite"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, match):
    with pytest.raises(ModelFolderError, match=match):
        Popularity.from_arrays(arrays, catalogue_of(3))
