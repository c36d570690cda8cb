import numpy as np
import pandas as pd
import pytest

import topple
from tests.recommenders.adapters.matrices import ITEMS, USERS, history, interactions, listed
from topple.errors import CapabilityError, DataError, RecommenderError
from topple.recommenders.adapters.rectools import lists_of_library
from topple.scoring.recommender import Capability
from topple.testing import check_recommender

pytest.importorskip("rectools", reason="test_older.py runs this in an environment of its own")
pytestmark = pytest.mark.filterwarnings("ignore")

from implicit.als import AlternatingLeastSquares  # noqa: E402
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender  # noqa: E402
from rectools.dataset import Dataset  # noqa: E402
from rectools.models import (  # noqa: E402
    EASEModel,
    ImplicitALSWrapperModel,
    ImplicitItemKNNWrapperModel,
    PopularModel,
    PureSVDModel,
)

USERS_SEEN, ITEMS_SEEN = interactions().nonzero()
FRAME = pd.DataFrame(
    {
        "user_id": [USERS[user] for user in USERS_SEEN],
        "item_id": [ITEMS[item] for item in ITEMS_SEEN],
        "weight": 1.0,
        "datetime": pd.Timestamp("2024-01-01"),
    }
)
DATASET = Dataset.construct(FRAME)


@pytest.mark.parametrize(
    "model",
    [
        EASEModel(regularization=20),
        PureSVDModel(factors=5),
        ImplicitItemKNNWrapperModel(BM25Recommender(K=10, num_threads=1)),
    ],
    ids=["ease", "pure-svd", "bm25"],
)
def test_the_librarys_lists_are_those_of_the_wrapped_model(model):
    recommender = topple.wrap(model.fit(DATASET), "rectools", DATASET)
    shown = lists_of_library(model, DATASET, recommender, 6, 5)
    assert [(each.user, len(each.items)) for each in shown] == [(user, 5) for user in USERS[:6]]
    assert shown[0].history == tuple(history(0))
    assert topple.agreement(recommender, shown, 5).share == 1


def test_weights_of_the_dataset_come_with_the_lists():
    weighted = Dataset.construct(FRAME.assign(weight=1.0 + FRAME.index % 3))
    model = EASEModel(regularization=20).fit(weighted)
    recommender = topple.wrap(model, "rectools", weighted)
    shown = lists_of_library(model, weighted, recommender, 6, 5)
    assert set(shown[0].weights) == {1.0, 2.0, 3.0}
    assert topple.agreement(recommender, shown, 5).share == 1


def als(**settings):
    model = AlternatingLeastSquares(factors=4, random_state=0, num_threads=1, regularization=0.5, **settings)
    return ImplicitALSWrapperModel(model)


@pytest.mark.parametrize(
    ("model", "additive", "tolerance"),
    [
        (EASEModel(regularization=20), True, 1e-5),
        (PureSVDModel(factors=5), True, 1e-5),
        (ImplicitItemKNNWrapperModel(CosineRecommender(K=10, num_threads=1)), True, 1e-5),
        (ImplicitItemKNNWrapperModel(BM25Recommender(K=10, num_threads=1)), True, 1e-5),
        (als(iterations=200), False, 1e-3),  # its own lists are of the factors of the training
    ],
    ids=["ease", "pure-svd", "cosine", "bm25", "als"],
)
def test_lists_equal_the_librarys_own(model, additive, tolerance):
    model.fit(DATASET)
    recommender = topple.wrap(model, "rectools", DATASET)
    assert (Capability.ADDITIVE in recommender.capabilities) == additive
    assert Capability.DIFFERENTIABLE in recommender.capabilities
    check_recommender(recommender)
    lists = model.recommend(users=USERS[:5], dataset=DATASET, k=8, filter_viewed=True)
    for user in range(5):
        library_scores = lists[lists.user_id == USERS[user]]
        topple_list, scores = listed(recommender, user, 8)
        assert scores == pytest.approx(library_scores.score.tolist(), abs=tolerance)
        assert set(topple_list[:4]) == set(library_scores.item_id[:4])
    by_ids = topple.wrap(model, "rectools", DATASET.item_id_map.external_ids)
    assert by_ids.fingerprint == recommender.fingerprint
    assert topple.explain(recommender, history(1), k=2, progress=False)


def test_what_is_refused():
    popular = PopularModel().fit(DATASET)
    with pytest.raises(CapabilityError, match=r"rectools:PopularModel has no scores .*What works: EASEModel"):
        topple.wrap(popular, "rectools", DATASET)
    features = pd.DataFrame({"id": ITEMS, "feature": "half", "value": [n % 2 for n in range(30)]})
    with_features = Dataset.construct(FRAME, item_features_df=features, cat_item_features=["half"])
    with pytest.raises(CapabilityError, match="rectools:ImplicitALSWrapperModel was fitted with features"):
        topple.wrap(als(iterations=2).fit(with_features), "rectools", with_features)
    with pytest.raises(RecommenderError, match="rectools:EASEModel is not fitted"):
        topple.wrap(EASEModel(), "rectools", DATASET)
    with pytest.raises(RecommenderError, match="rectools:dict is not a model of RecTools"):
        topple.wrap({}, "rectools", DATASET)
    with pytest.raises(DataError, match="rectools:EASEModel does not say which items it scores"):
        topple.wrap(EASEModel().fit(DATASET), "rectools")


WEIGHTED = FRAME.assign(weight=np.random.default_rng(0).integers(1, 30, len(FRAME)).astype(float))


@pytest.mark.parametrize(
    ("model", "most_others"),
    [
        (EASEModel(regularization=20), 0),
        (PureSVDModel(factors=5), 0),
        (ImplicitItemKNNWrapperModel(CosineRecommender(K=10, num_threads=1)), 0),
        (ImplicitItemKNNWrapperModel(BM25Recommender(K=10, num_threads=1)), 0),
        (als(iterations=200), 1),  # its own lists are of the factors of the training
    ],
    ids=["ease", "pure-svd", "cosine", "bm25", "als"],
)
def test_lists_of_weighted_histories_equal_the_librarys_own(model, most_others):
    dataset = Dataset.construct(WEIGHTED)
    model.fit(dataset)
    recommender = topple.wrap(model, "rectools", dataset)
    assert recommender.uses_weights
    shown = (
        model.recommend(users=USERS[:20], dataset=dataset, k=5, filter_viewed=True).groupby("user_id").item_id.agg(list)
    )
    others = 0
    for user in USERS[:20]:
        rows = WEIGHTED[WEIGHTED.user_id == user]
        listed = topple.recommend(recommender, topple.History(rows.item_id.tolist(), rows.weight), 5)
        others += [one.item for one in listed] != shown[user]
    assert others <= most_others
