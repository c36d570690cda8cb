import numpy as np
import pytest
import torch

import topple
from tests.recommenders.adapters.matrices import ITEMS, USERS, history, interactions, listed
from topple.errors import CapabilityError, RecommenderError
from topple.scoring.recommender import Capability
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender

pytest.importorskip("cornac", exc_type=ImportError)
pytestmark = pytest.mark.filterwarnings("ignore")

import cornac  # noqa: E402
from cornac.data import Dataset, SequentialDataset  # noqa: E402

SEEN = [(USERS[user], ITEMS[item], 1.0) for user, item in zip(*interactions().nonzero(), strict=True)]
DATASET = Dataset.from_uir(SEEN, seed=0)
WIDE = Dataset.from_uir([(user, f"{item}{part}", 1.0) for user, item, _ in SEEN for part in "abcd"], seed=0)


def own_scores(model, user):
    return dict(zip(model.item_ids, np.asarray(model.score(model.uid_map[USERS[user]])).ravel(), strict=True))


@pytest.mark.parametrize(
    ("model", "additive"),
    [
        (cornac.models.EASE(lamb=20, verbose=False), True),
        (cornac.models.VAECF(k=5, n_epochs=5, seed=0), False),
    ],
    ids=["ease", "vaecf"],
)
def test_lists_equal_the_librarys_own(model, additive):
    model.fit(DATASET)
    recommender = topple.wrap(model, "cornac")
    assert (Capability.ADDITIVE in recommender.capabilities) == additive
    assert Capability.DIFFERENTIABLE in recommender.capabilities
    check_recommender(recommender)
    for user in range(5):
        library_scores = own_scores(model, user)
        best = sorted(set(library_scores) - set(history(user)), key=library_scores.get, reverse=True)[:8]
        topple_list, scores = listed(recommender, user, 8)
        assert scores == pytest.approx([library_scores[item] for item in best], abs=1e-6)
        assert set(topple_list[:4]) == set(best[:4])
        library = model.recommend(USERS[user], k=8, train_set=DATASET, remove_seen=True)
        assert set(library[:4]) == set(topple_list[:4])
    assert topple.explain(recommender, history(1), k=2, progress=False)


def test_a_model_of_ratings_says_so_and_is_asked_with_the_ratings(caplog):
    ratings = np.random.default_rng(0).integers(1, 6, len(SEEN)).tolist()
    rated = Dataset.from_uir([(user, item, float(r)) for (user, item, _), r in zip(SEEN, ratings, strict=True)], seed=0)
    model = cornac.models.EASE(lamb=20, verbose=False).fit(rated)
    recommender = topple.wrap(model, "cornac")
    assert "cornac:EASE was fitted on weights from 1 to 5. Give the weights of a history" in caplog.text
    row = rated.csr_matrix[3]
    given = torch.from_numpy(row.indices)[None].long(), torch.from_numpy(row.data)[None].double()
    histories = HistoryBatch(*given)
    expected = np.asarray(model.score(3)).ravel()
    assert recommender.score(histories, unchanged(histories))[0, 0].tolist() == pytest.approx(expected, abs=1e-5)


def test_recvae():
    model = cornac.models.RecVAE(hidden_dim=12, latent_dim=6, n_epochs=1, verbose=False).fit(WIDE)
    recommender = topple.wrap(model, "cornac")
    check_recommender(recommender)
    model.recvae_model.eval()
    library_scores = own_scores(model, 3)
    seen = [f"{item}{part}" for item in history(3) for part in "abcd"]
    listed = topple.recommend(recommender, seen, k=5)
    assert [entry.score for entry in listed] == pytest.approx(
        [library_scores[entry.item] for entry in listed], abs=1e-5
    )
    assert library_scores[listed[0].item] == max(score for item, score in library_scores.items() if item not in seen)


SESSIONS = SequentialDataset.from_usit([(user, user, item, float(n)) for n, (user, item, _) in enumerate(SEEN)])
QUICK = {"n_epochs": 2, "device": "cpu", "seed": 0, "verbose": False}


@pytest.mark.parametrize(
    "model",
    [
        cornac.models.SASRec(embedding_dim=8, **QUICK),
        cornac.models.GRU4Rec(layers=[8], batch_size=16, n_sample=8, **QUICK),
        cornac.models.GRU4Rec(layers=[8], batch_size=16, n_sample=8, constrained_embedding=False, **QUICK),
    ],
    ids=["sasrec", "gru4rec", "gru4rec-separate"],
)
def test_next_item_models_read_the_order(model):
    model.fit(SESSIONS)
    model.model.train()
    recommender = topple.wrap(model, "cornac")
    assert recommender.capabilities == {Capability.ORDER_AWARE}
    check_recommender(recommender)
    assert model.model.training
    topple_list, scores = listed(recommender, 2, 8)
    library_scores = model.score(0, [model.iid_map[item] for item in history(2)])
    assert scores == pytest.approx([float(library_scores[model.iid_map[item]]) for item in topple_list], abs=1e-5)
    weighted = topple.recommend(recommender, topple.History(history(2), range(1, len(history(2)) + 1)), k=8)
    assert not recommender.uses_weights
    assert [entry.score for entry in weighted] == scores
    backwards = topple.recommend(recommender, history(2)[::-1], k=8)
    assert [entry.score for entry in backwards] != pytest.approx(scores, abs=1e-4)


def test_gru4rec_is_asked_for_histories_of_any_length_at_once():
    model = cornac.models.GRU4Rec(layers=[8], batch_size=16, n_sample=8, **QUICK).fit(SESSIONS)
    recommender = topple.wrap(model, "cornac")
    batch = HistoryBatch.of([[3, 1, 4, 15, 9, 2], [6, 5]])
    keep = torch.tensor(
        [[[1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 0, 1], [0] * 6], [[1, 1, 0, 0, 0, 0], [0, 1] + [0] * 4, [0] * 6]]
    )
    scores = recommender.score(batch, keep.double()).flatten(0, 1)
    for row, left in enumerate([[3, 1, 4, 15, 9, 2], [3, 4, 2], [], [6, 5], [5], []]):
        assert scores[row].tolist() == pytest.approx(model.score(0, left).tolist(), abs=1e-6)
    assert scores[2].unique().tolist() == [1]


def test_what_is_refused():
    with pytest.raises(CapabilityError, match=r"cornac:MF learns what it knows of each user .*What works: EASE, VAECF"):
        topple.wrap(cornac.models.MF(k=3, max_iter=2).fit(DATASET), "cornac")
    with pytest.raises(RecommenderError, match="cornac:EASE is not fitted"):
        topple.wrap(cornac.models.EASE(), "cornac")
    with pytest.raises(RecommenderError, match=r"cornac:GRU4Rec is not trained: .*Fit it with trainable=True"):
        topple.wrap(cornac.models.GRU4Rec(trainable=False).fit(SESSIONS), "cornac")
    with pytest.raises(RecommenderError, match="cornac:dict is not a model of Cornac"):
        topple.wrap({}, "cornac")


RATED = [
    (user, f"{item}{part}", float(1 + (37 * row + 11 * number) % 50 / 10))
    for row, (user, item, _) in enumerate(SEEN)
    for number, part in enumerate("abcd")  # RecVAE wants a hundred items
]


@pytest.mark.parametrize(
    ("model", "uses_weights"),
    [
        (cornac.models.EASE(lamb=20, verbose=False), True),
        (cornac.models.VAECF(k=5, n_epochs=5, seed=0), False),
        (cornac.models.RecVAE(hidden_dim=12, latent_dim=6, n_epochs=1, verbose=False), True),
    ],
    ids=["ease", "vaecf", "recvae"],
)
def test_lists_of_rated_histories_equal_the_librarys_own(model, uses_weights):
    model.fit(Dataset.from_uir(RATED, seed=0))
    recommender = topple.wrap(model, "cornac")
    assert recommender.uses_weights == uses_weights
    if isinstance(model, cornac.models.RecVAE):
        model.recvae_model.eval()
    for user in range(20):
        rated = {item: rating for person, item, rating in RATED if person == USERS[user]}
        library_scores = own_scores(model, user)
        best = sorted(set(library_scores) - set(rated), key=library_scores.get, reverse=True)[:5]
        shown = topple.recommend(recommender, topple.History(rated, rated.values()), 5)
        assert [one.item for one in shown] == best
