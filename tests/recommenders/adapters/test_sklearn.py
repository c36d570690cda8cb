import numpy as np
import pytest

import topple
from tests.recommenders.adapters.matrices import ITEMS, history, interactions, listed
from topple.errors import CapabilityError, RecommenderError
from topple.scoring.recommender import Capability
from topple.testing import check_recommender

pytest.importorskip("sklearn")
pytestmark = pytest.mark.filterwarnings("ignore")

from sklearn.cluster import KMeans  # noqa: E402
from sklearn.decomposition import NMF, PCA, TruncatedSVD  # noqa: E402
from sklearn.linear_model import LogisticRegression, Ridge  # noqa: E402
from sklearn.multioutput import MultiOutputClassifier  # noqa: E402
from sklearn.neighbors import KNeighborsRegressor, NearestNeighbors  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import Normalizer  # noqa: E402

ROWS = interactions().toarray().astype(np.float64)


def same_lists(recommender, scores):
    """Compare topple's lists with those of the estimator's own scores [U, I]."""
    check_recommender(recommender)
    for user in range(5):
        library_scores = np.where(ROWS[user] > 0, -np.inf, scores[user])
        best = np.argsort(-library_scores, kind="stable")[:8]
        items, values = listed(recommender, user, 8)
        assert values == pytest.approx(library_scores[best], abs=1e-6)
        assert set(items[:3]) == {ITEMS[item] for item in best[:3]}


@pytest.mark.parametrize("kind", [TruncatedSVD, PCA])
def test_linear_reconstructions_are_additive_and_equal(kind):
    model = kind(n_components=5, random_state=0).fit(ROWS)
    recommender = topple.wrap(model, "sklearn", ITEMS)
    assert recommender.capabilities == {Capability.ADDITIVE}
    same_lists(recommender, model.inverse_transform(model.transform(ROWS)))
    explained = topple.explain(recommender, history(2), k=3, progress=False)
    assert {e.proof.value for e in explained if e.items} == {"minimum"}


def test_sparse_rows_give_the_same():
    model = TruncatedSVD(n_components=5, random_state=0).fit(interactions())
    recommender = topple.wrap(model, "sklearn", ITEMS, sparse=True)
    same_lists(recommender, model.inverse_transform(model.transform(ROWS)))


def test_nmf_is_asked_for_one_history_at_a_time():
    model = NMF(n_components=4, init="nndsvda", max_iter=300, random_state=0).fit(ROWS)
    recommender = topple.wrap(model, "sklearn", ITEMS)
    assert recommender.capabilities == frozenset()
    alone = np.concatenate([model.inverse_transform(model.transform(row[None])) for row in ROWS[:5]])
    same_lists(recommender, alone)
    single = NMF(n_components=4, init="nndsvda", max_iter=300, random_state=0).fit(ROWS.astype(np.float32))
    check_recommender(topple.wrap(single, "sklearn", ITEMS))
    assert recommender.at_once == 1


def test_a_derived_class_is_not_taken_for_additive():
    class Squared(TruncatedSVD):
        def inverse_transform(self, X):
            return super().inverse_transform(X) ** 2

    model = Squared(n_components=5, random_state=0).fit(ROWS)
    recommender = topple.wrap(model, "sklearn", ITEMS)
    assert recommender.capabilities == frozenset()
    same_lists(recommender, model.inverse_transform(model.transform(ROWS)))


def test_predictions_with_one_output_an_item():
    ridge = Ridge(alpha=5.0).fit(ROWS, ROWS[:, ::-1])
    recommender = topple.wrap(ridge, "sklearn", ITEMS)
    assert recommender.capabilities == {Capability.ADDITIVE}
    same_lists(recommender, ridge.predict(ROWS))
    neighbours = KNeighborsRegressor(n_neighbors=7).fit(ROWS, ROWS)
    recommender = topple.wrap(neighbours, "sklearn", ITEMS)
    assert recommender.capabilities == frozenset()
    for user in range(5):
        library_scores = np.where(ROWS[user] > 0, -np.inf, neighbours.predict(ROWS[user : user + 1])[0])
        assert listed(recommender, user, 6)[1] == pytest.approx(np.sort(library_scores)[::-1][:6])
    pipeline = make_pipeline(Normalizer(), Ridge(alpha=5.0)).fit(ROWS, ROWS)
    recommender = topple.wrap(pipeline, "sklearn", ITEMS, method="predict")
    assert recommender.capabilities == frozenset()
    same_lists(recommender, pipeline.predict(ROWS))


def test_chances_of_many_outputs():
    network = MLPClassifier((8,), max_iter=15, random_state=0).fit(ROWS, ROWS.astype(int))
    same_lists(topple.wrap(network, "sklearn", ITEMS), network.predict_proba(ROWS))
    many = MultiOutputClassifier(LogisticRegression()).fit(ROWS, ROWS.astype(int))
    recommender = topple.wrap(many, "sklearn", ITEMS, method="predict_proba")
    same_lists(recommender, np.stack([part[:, 1] for part in many.predict_proba(ROWS)], 1))


def test_what_is_refused():
    with pytest.raises(CapabilityError, match=r"sklearn:NearestNeighbors has no scores .*What works: .*TruncatedSVD"):
        topple.wrap(NearestNeighbors().fit(ROWS), "sklearn", ITEMS)
    with pytest.raises(CapabilityError, match="sklearn:PCA has no method 'predict'"):
        topple.wrap(PCA().fit(ROWS), "sklearn", ITEMS, method="predict")
    with pytest.raises(CapabilityError, match="sklearn:dict has no scores"):
        topple.wrap({}, "sklearn", ITEMS)
    with pytest.raises(RecommenderError, match="sklearn:PCA is not fitted"):
        topple.wrap(PCA(), "sklearn", ITEMS)
    with pytest.raises(RecommenderError, match=r"sklearn:KMeans returned scores of shape \(6,\)"):
        topple.wrap(KMeans(3, n_init=1, random_state=0).fit(ROWS), "sklearn", ITEMS)


PLAYS = ROWS * (1 + np.arange(ROWS.size).reshape(ROWS.shape) % 7)


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (TruncatedSVD(n_components=5, random_state=0), {"sparse": True}),
        (NMF(n_components=4, init="nndsvda", max_iter=300, random_state=0), {}),
        (Ridge(alpha=5.0), {}),
        (make_pipeline(Normalizer(), Ridge(alpha=5.0)), {}),
    ],
    ids=["svd-sparse", "nmf", "ridge", "pipeline"],
)
def test_lists_of_weighted_histories_equal_the_estimators_own(model, options):
    predicts = not hasattr(model, "inverse_transform")
    model.fit(*[PLAYS] * (1 + predicts))
    recommender = topple.wrap(model, "sklearn", ITEMS, **options)
    for user in range(20):
        row = PLAYS[user][None]
        scores = model.predict(row)[0] if predicts else model.inverse_transform(model.transform(row))[0]
        given = topple.History(history(user), PLAYS[user][ROWS[user] > 0])
        np.testing.assert_allclose(topple.score(recommender, given), scores, atol=1e-6)
        best = np.argsort(-np.where(ROWS[user] > 0, -np.inf, scores), kind="stable")[:5]
        assert [one.item for one in topple.recommend(recommender, given, 5)] == [ITEMS[item] for item in best]


def test_weights_are_in_the_vectors_unless_told_otherwise():
    model = TruncatedSVD(n_components=5, random_state=0).fit(PLAYS)
    weighted, plain = (topple.wrap(model, "sklearn", ITEMS, uses_weights=uses) for uses in (True, False))
    for user in range(5):
        items = history(user)
        given = topple.History(items, PLAYS[user][ROWS[user] > 0])
        expected = model.inverse_transform(model.transform(PLAYS[user][None]))[0]
        np.testing.assert_allclose(topple.score(weighted, given), expected, atol=1e-9)
        np.testing.assert_allclose(topple.score(plain, given), topple.score(weighted, items), atol=1e-9)
