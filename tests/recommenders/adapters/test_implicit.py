import numpy as np
import pytest
import torch

import topple
from tests.data.prepared import played_split
from tests.recommenders.adapters.matrices import ITEMS, history, interactions, listed
from topple.errors import CapabilityError, DataError, RecommenderError
from topple.recommenders.adapters.implicit import lists_of_library
from topple.scoring.recommender import Capability
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender

pytest.importorskip("implicit", exc_type=ImportError)
pytestmark = pytest.mark.filterwarnings("ignore")

from implicit.als import AlternatingLeastSquares  # noqa: E402
from implicit.bpr import BayesianPersonalizedRanking  # noqa: E402
from implicit.lmf import LogisticMatrixFactorization  # noqa: E402
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender  # noqa: E402


def trained(model):
    model.fit(interactions(), show_progress=False)
    return model


@pytest.mark.parametrize("kind", [BM25Recommender, CosineRecommender, TFIDFRecommender])
def test_item_item_models_recommend_as_the_library_does(kind):
    model = trained(kind(K=12, num_threads=1))
    recommender = topple.wrap(model, "implicit", ITEMS)
    assert recommender.capabilities == {Capability.ADDITIVE, Capability.DIFFERENTIABLE}
    check_recommender(recommender)
    for user in range(5):
        ids, scores = model.recommend(user, interactions()[user], N=8)
        topple_list, library_scores = listed(recommender, user, 8)
        assert library_scores == pytest.approx(scores)
        assert set(topple_list[:5]) == {ITEMS[item] for item in ids[:5]}
    explained = topple.explain(recommender, history(3), k=3, progress=False)
    assert {e.proof.value for e in explained if e.items} == {"minimum"}


@pytest.mark.parametrize(
    ("kind", "options"), [(BM25Recommender, {"K": 12}), (AlternatingLeastSquares, {"factors": 6, "random_state": 1})]
)
def test_the_librarys_lists_for_drawn_histories_are_those_of_the_wrapped_model(kind, options):
    model = trained(kind(num_threads=1, **options))
    recommender = topple.wrap(model, "implicit", ITEMS)
    shown = lists_of_library(model, ITEMS, recommender, 6, 5)
    assert [len(each.items) for each in shown] == [5] * 6
    assert topple.agreement(recommender, shown, 5).share == 1


@pytest.mark.parametrize(("alpha", "regularization"), [(1.0, 0.01), (8.0, 0.5)])
def test_als_recommends_as_the_library_does_with_recalculated_users(alpha, regularization):
    settings = {"factors": 6, "iterations": 8, "random_state": 1, "num_threads": 1}
    model = trained(AlternatingLeastSquares(alpha=alpha, regularization=regularization, **settings))
    recommender = topple.wrap(model, "implicit", ITEMS)
    assert recommender.capabilities == {Capability.DIFFERENTIABLE}
    check_recommender(recommender)
    for user in range(5):
        ids, scores = model.recommend(user, interactions()[user], N=8, recalculate_user=True)
        topple_list, library_scores = listed(recommender, user, 8)
        assert library_scores == pytest.approx(scores, abs=1e-5)
        assert topple_list == [ITEMS[item] for item in ids]
    shorter = interactions()[3].copy()
    shorter[0, shorter.indices[:2]] = 0
    shorter.eliminate_zeros()
    ids, scores = model.recommend(3, shorter, N=8, recalculate_user=True)
    entries = topple.recommend(recommender, [ITEMS[item] for item in shorter.indices], k=8)
    assert [entry.score for entry in entries] == pytest.approx(scores, abs=1e-5)


PLAYS = interactions().copy()
PLAYS.data = np.random.default_rng(0).integers(1, 30, PLAYS.nnz).astype(np.float32)


@pytest.mark.parametrize(
    ("kind", "settings", "more"),
    [
        (AlternatingLeastSquares, {"factors": 6, "alpha": 1.0, "random_state": 1}, {"recalculate_user": True}),
        (AlternatingLeastSquares, {"factors": 6, "alpha": 0.02, "random_state": 1}, {"recalculate_user": True}),
        (BM25Recommender, {"K": 12}, {}),
        (TFIDFRecommender, {"K": 12}, {}),
        (CosineRecommender, {"K": 12}, {}),
    ],
    ids=["als", "als-low", "bm25", "tfidf", "cosine"],
)
def test_a_model_of_counts_is_asked_with_the_counts_as_weights(kind, settings, more):
    model = kind(**settings, num_threads=1)  # made here, where the library's warnings of threads are ignored
    model.fit(PLAYS, show_progress=False)
    recommender = topple.wrap(model, "implicit", ITEMS)
    for user in range(20):
        row = PLAYS[user]
        histories = HistoryBatch(torch.from_numpy(row.indices)[None].long(), torch.from_numpy(row.data)[None].double())
        scores = recommender.score(histories, unchanged(histories))[0, 0]
        ids, expected = model.recommend(user, row, N=6, **more)
        assert scores[torch.from_numpy(ids).long()].tolist() == pytest.approx(expected, rel=1e-4, abs=1e-5)
        kept = unchanged(histories)
        kept[0, 0, 0] = 0
        fewer = HistoryBatch(histories.items[:, 1:], histories.weights[:, 1:])
        without = recommender.score(fewer, unchanged(fewer))[0, 0]
        torch.testing.assert_close(recommender.score(histories, kept)[0, 0], without, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", [BayesianPersonalizedRanking, LogisticMatrixFactorization])
def test_models_without_fold_in_say_what_would_work(kind):
    model = trained(kind(factors=4, iterations=2, random_state=0, num_threads=1))
    message = rf"implicit:{kind.__name__} learns factors for each user .*What works: AlternatingLeastSquares on the CPU"
    with pytest.raises(CapabilityError, match=message):
        topple.wrap(model, "implicit", ITEMS)


def test_what_is_refused():
    model = trained(CosineRecommender(num_threads=1))
    with pytest.raises(DataError, match=r"implicit:CosineRecommender does not say which items it scores"):
        topple.wrap(model, "implicit")
    with pytest.raises(RecommenderError, match="29 items for implicit:CosineRecommender, which scores 30"):
        topple.wrap(model, "implicit", ITEMS[1:])
    with pytest.raises(RecommenderError, match="is not trained: it has no similarities"):
        topple.wrap(CosineRecommender(), "implicit", ITEMS)
    with pytest.raises(RecommenderError, match="is not trained: it has no factors"):
        topple.wrap(AlternatingLeastSquares(), "implicit", ITEMS)
    with pytest.raises(RecommenderError, match="implicit:dict is not a model of implicit"):
        topple.wrap({}, "implicit", ITEMS)


def test_the_histories_of_a_split_have_the_lists_that_the_library_shows():
    split = played_split(users=200)
    plays = split.train.astype(np.float32)
    rows = split.test.with_history()
    for model, more in (
        (AlternatingLeastSquares(6, random_state=1, num_threads=1), {"recalculate_user": True}),
        (BM25Recommender(12, num_threads=1), {}),
        (TFIDFRecommender(12, num_threads=1), {}),
        (CosineRecommender(12, num_threads=1), {}),
    ):
        model.fit(plays, show_progress=False)
        queries = topple.top_k_queries(topple.wrap(model, "implicit", split.catalogue), split.histories())
        mine = [[query.target for query in queries if query.user == user] for user in split.histories()]
        lists = (model.recommend(0, split.test.fold_in[row].astype(np.float32), N=5, **more)[0] for row in rows)
        assert mine == [list(split.catalogue.vocabulary.decode(items)) for items in lists]
