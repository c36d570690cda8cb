import numpy as np
import pandas as pd
import pytest
import torch

import topple
from tests.recommenders.adapters.matrices import ITEMS, USERS, history, interactions, listed
from topple.errors import CapabilityError, RecommenderError
from topple.recommenders.adapters.lenskit import lists_of_library
from topple.scoring.recommender import Capability
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender

pytest.importorskip("lenskit", reason="test_older.py runs this in an environment of its own")
pytestmark = pytest.mark.filterwarnings("ignore")

from lenskit import recommend  # noqa: E402
from lenskit.als import BiasedMFScorer, ImplicitMFScorer  # noqa: E402
from lenskit.basic import PopScorer  # noqa: E402
from lenskit.data import from_interactions_df  # noqa: E402
from lenskit.knn import EASEScorer, ItemKNNScorer, UserKNNScorer  # noqa: E402
from lenskit.knn.slim import SLIMScorer  # noqa: E402
from lenskit.pipeline import topn_pipeline  # noqa: E402
from lenskit.training import TrainingOptions  # noqa: E402

ADDITIVE = {Capability.ADDITIVE, Capability.DIFFERENTIABLE}


def trained(scorer, **columns):
    users, items = interactions().nonzero()
    frame = pd.DataFrame({"user_id": [USERS[u] for u in users], "item_id": [ITEMS[i] for i in items], **columns})
    pipeline = topn_pipeline(scorer)
    pipeline.train(from_interactions_df(frame), TrainingOptions(rng=0))
    return pipeline


@pytest.mark.parametrize(
    ("scorer", "capabilities"),
    [
        (EASEScorer(regularization=20), ADDITIVE),
        (SLIMScorer(), ADDITIVE),
        (ImplicitMFScorer(embedding_size=5, epochs=4), {Capability.DIFFERENTIABLE}),
        (ItemKNNScorer(feedback="implicit", max_nbrs=5), set()),
        (UserKNNScorer(feedback="implicit", max_nbrs=10), set()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_lists_equal_the_librarys_own(scorer, capabilities):
    pipeline = trained(scorer)
    recommender = topple.wrap(pipeline, "lenskit")
    assert recommender.capabilities == capabilities
    check_recommender(recommender)
    for user in range(5):
        library_scores = recommend(pipeline, USERS[user], 8)
        topple_list, scores = listed(recommender, user, 8)
        assert scores == pytest.approx(library_scores.scores().tolist(), rel=1e-5, abs=1e-6)
        assert set(topple_list[:4]) == set(library_scores.ids()[:4])
    shown = lists_of_library(pipeline, None, recommender, 6, 5)
    assert [(each.user, len(each.items)) for each in shown] == [(user, 5) for user in USERS[:6]]
    assert topple.agreement(recommender, shown, 5).share == 1
    alone = topple.wrap(pipeline.component("scorer"), "lenskit")
    assert alone.fingerprint == recommender.fingerprint
    assert topple.explain(recommender, history(1), k=2, progress=False)


@pytest.mark.parametrize("use_ratings", [True, False])
def test_ratings_count_where_the_scorer_uses_them(use_ratings):
    ratings = np.random.default_rng(0).integers(1, 6, interactions().nnz).astype(float)
    scorer = ImplicitMFScorer(embedding_size=5, epochs=4, use_ratings=use_ratings)
    pipeline = trained(scorer, rating=ratings)
    recommender = topple.wrap(pipeline, "lenskit")
    ends, items = interactions().indptr, pipeline.component("scorer").items
    for user in range(5):
        chosen = slice(ends[user], ends[user + 1])
        numbers = items.numbers(history(user))
        given = torch.from_numpy(numbers.astype(np.int64))[None], torch.from_numpy(ratings[chosen])[None]
        histories = HistoryBatch(*given)
        library_scores = recommend(pipeline, USERS[user], 8)
        scores = recommender.score(histories, unchanged(histories))[0, 0]
        found = scores[torch.from_numpy(items.numbers(library_scores.ids()).astype(np.int64))]
        assert found.tolist() == pytest.approx(library_scores.scores().tolist(), rel=1e-4, abs=1e-5)


def test_what_is_refused():
    with pytest.raises(CapabilityError, match=r"lenskit:PopScorer has no scores .*What works: EASEScorer"):
        topple.wrap(trained(PopScorer()), "lenskit")
    with pytest.raises(CapabilityError, match=r"lenskit:ItemKNNScorer .*needs ratings"):
        topple.wrap(trained(ItemKNNScorer(), rating=[1.0 + n % 5 for n in range(interactions().nnz)]), "lenskit")
    with pytest.raises(CapabilityError, match=r"lenskit:BiasedMFScorer .*needs ratings"):
        topple.wrap(trained(BiasedMFScorer(embedding_size=2, epochs=1), rating=1.0), "lenskit")
    with pytest.raises(RecommenderError, match=r"the pipeline has no component 'scores': .*scorer"):
        topple.wrap(trained(EASEScorer()), "lenskit", scorer="scores")
    with pytest.raises(RecommenderError, match="lenskit:EASEScorer has not been trained"):
        topple.wrap(EASEScorer(), "lenskit")
    with pytest.raises(RecommenderError, match="lenskit:dict is not a scorer of LensKit"):
        topple.wrap({}, "lenskit")


@pytest.mark.parametrize(
    ("scorer", "uses_weights"),
    [
        (ImplicitMFScorer(embedding_size=5, epochs=4, use_ratings=True), True),
        (ImplicitMFScorer(embedding_size=5, epochs=4), False),
        (EASEScorer(regularization=20), False),
        (SLIMScorer(), False),
        (ItemKNNScorer(feedback="implicit", max_nbrs=5), False),
        (UserKNNScorer(feedback="implicit", max_nbrs=12), False),
    ],
    ids=["mf-ratings", "mf", "ease", "slim", "item-knn", "user-knn"],
)
def test_lists_of_rated_histories_equal_the_librarys_own(scorer, uses_weights):
    ratings = np.random.default_rng(0).integers(1, 6, interactions().nnz).astype(float)
    pipeline = trained(scorer, rating=ratings)
    recommender = topple.wrap(pipeline, "lenskit")
    assert recommender.uses_weights == uses_weights
    ends = interactions().indptr
    for user in range(20):
        given = topple.History(history(user), ratings[ends[user] : ends[user + 1]])
        listed = topple.recommend(recommender, given, 5)
        library = recommend(pipeline, USERS[user], 5)
        assert [one.score for one in listed] == pytest.approx(library.scores().tolist(), rel=1e-4, abs=1e-6)
        assert {one.item for one in listed if one.score > listed[-1].score} <= set(library.ids())
