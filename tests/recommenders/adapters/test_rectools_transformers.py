import logging

import numpy as np
import pandas as pd
import pytest
import torch

import topple
from tests.recommenders.adapters.matrices import interactions
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import CapabilityError, QueryError, RecommenderError
from topple.scoring.recommender import Capability
from topple.scoring.variations import HistoryBatch
from topple.testing import check_recommender

pytest.importorskip("rectools", reason="test_older.py runs this in an environment of its own")
pytest.importorskip("pytorch_lightning", reason="RecTools has transformers only beside it")
pytestmark = pytest.mark.filterwarnings("ignore")
logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

from rectools.dataset import Dataset  # noqa: E402
from rectools.models import BERT4RecModel, HSTUModel, SASRecModel  # noqa: E402
from rectools.models.nn.transformers.lightning import TransformerLightningModule  # noqa: E402
from rectools.models.nn.transformers.similarity import DistanceSimilarityModule  # noqa: E402

ITEMS = [f"ëi {number} 電影" for number in range(30)]
SMALL = {"n_factors": 8, "n_heads": 2, "n_blocks": 1, "session_max_len": 6, "epochs": 2, "lr": 0.02, "batch_size": 32}
WHEN = pd.Timestamp("2024-01-01")


def histories():
    """Return the items of each user in an order of time that is not that of the items [90 lists]."""
    random = np.random.default_rng(1)
    return [random.permutation(row.indices).tolist() for row in interactions()]


HISTORIES = histories()


def frame(lists, items=ITEMS):
    rows = [
        (user, items[item], WHEN + pd.Timedelta(hour, "h"))
        for user, history in lists
        for hour, item in enumerate(history)
    ]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "datetime"]).assign(weight=1.0)


FRAME = frame(enumerate(HISTORIES))
DATASET = Dataset.construct(FRAME)


def fitted(kind=SASRecModel, dataset=DATASET, **settings):
    torch.manual_seed(0)
    np.random.seed(0)  # RecTools draws its masks there
    return kind(**{**SMALL, **settings}).fit(dataset)


def own_scores(model, lists, items=ITEMS):
    """Return what the library says of histories: a frame of scores [histories, items], from a dataset of nobody known."""
    dataset = Dataset.construct(frame(lists.items(), items))
    found = model.recommend(users=list(lists), dataset=dataset, k=30, filter_viewed=False)
    return found.pivot_table(index="user_id", columns="item_id", values="score").loc[list(lists)]


def scores_of(recommender, lists, items=ITEMS):
    """Return what the wrapped model says of the same, as the same frame."""
    ids = list(recommender.catalogue.vocabulary.ids)
    encoded = [
        recommender.catalogue.vocabulary.encode([items[item] for item in history]).tolist()
        for history in lists.values()
    ]
    batch = HistoryBatch.of(encoded)
    scores = recommender.score(batch, batch.present[:, None].double())[:, 0]
    return pd.DataFrame(scores.numpy(), index=list(lists), columns=ids)


def assert_equal_scores(model, recommender, lists, items=ITEMS):
    library_scores, topple_list = own_scores(model, lists, items), scores_of(recommender, lists, items)
    assert set(library_scores.columns) == set(topple_list.columns)
    np.testing.assert_allclose(topple_list[library_scores.columns].to_numpy(), library_scores.to_numpy(), atol=2e-6)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (SASRecModel, {}),
        (SASRecModel, {"use_key_padding_mask": True, "similarity_module_kwargs": {"distance": "cosine"}}),
        (BERT4RecModel, {}),
        (HSTUModel, {"relative_time_attention": False}),
    ],
    ids=["sasrec", "sasrec-cosine", "bert4rec", "hstu"],
)
def test_scores_and_lists_equal_the_librarys_own(kind, settings):
    model = fitted(kind, **settings)
    model.lightning_model.train()
    recommender = topple.wrap(model, "rectools", DATASET)
    assert recommender.name == f"rectools:{kind.__name__}"
    assert recommender.capabilities == {Capability.ORDER_AWARE}
    check_recommender(recommender)
    assert model.lightning_model.torch_model.training
    assert {len(history) > 6 for history in HISTORIES[:20]} == {True, False}  # longer than the model reads, and not
    assert_equal_scores(model, recommender, dict(enumerate(HISTORIES[:20])))
    library_scores = model.recommend(users=[0, 1, 2], dataset=DATASET, k=5, filter_viewed=True)
    for user in range(3):
        listed = topple.recommend(recommender, [ITEMS[item] for item in HISTORIES[user]], k=5)
        library_list = library_scores[library_scores.user_id == user]
        assert [entry.item for entry in listed] == library_list.item_id.tolist()
        assert [entry.score for entry in listed] == pytest.approx(library_list.score.tolist(), abs=2e-6)


@pytest.mark.parametrize("kind", [SASRecModel, BERT4RecModel])
def test_lists_of_weighted_histories_equal_the_librarys_own_for_weights_are_not_read(kind):
    weighted = Dataset.construct(
        FRAME.assign(weight=np.random.default_rng(0).integers(1, 30, len(FRAME)).astype(float))
    )
    model = fitted(kind, weighted)
    recommender = topple.wrap(model, "rectools", weighted)
    assert not recommender.uses_weights
    shown = (
        model.recommend(users=range(20), dataset=weighted, k=5, filter_viewed=True).groupby("user_id").item_id.agg(list)
    )
    for user in range(20):
        given = topple.History([ITEMS[item] for item in HISTORIES[user]], range(1, len(HISTORIES[user]) + 1))
        assert [entry.item for entry in topple.recommend(recommender, given, k=5)] == shown[user]


def test_a_model_that_was_saved_and_loaded_is_the_same(tmp_path):
    model = fitted()
    model.fit_trainer.save_checkpoint(tmp_path / "model.ckpt")
    again = SASRecModel.load_from_checkpoint(str(tmp_path / "model.ckpt"))
    assert topple.wrap(again, "rectools").fingerprint == topple.wrap(model, "rectools").fingerprint


@pytest.fixture(scope="module")
def sasrec():
    return fitted()


@pytest.fixture(scope="module")
def wrapped(sasrec):
    return topple.wrap(sasrec, "rectools")


def test_a_removed_item_leaves_a_sequence_with_the_gap_closed(sasrec, wrapped):
    history = max(HISTORIES, key=len)
    shorter = {gone: history[:gone] + history[gone + 1 :] for gone in range(len(history))}
    batch = HistoryBatch.of([wrapped.catalogue.vocabulary.encode([ITEMS[item] for item in history]).tolist()])
    keep = 1 - torch.eye(len(history), dtype=torch.float64)[None]
    topple_list = pd.DataFrame(wrapped.score(batch, keep)[0].numpy(), columns=list(wrapped.catalogue.vocabulary.ids))
    library_scores = own_scores(sasrec, shorter)
    np.testing.assert_allclose(topple_list[library_scores.columns].to_numpy(), library_scores.to_numpy(), atol=2e-6)
    assert topple_list.iloc[0].tolist() == pytest.approx(
        topple_list.iloc[1].tolist()
    )  # the model reads the last 6 only
    assert topple_list.iloc[0].tolist() != pytest.approx(topple_list.iloc[-1].tolist(), abs=1e-3)


def test_the_order_of_the_history_is_kept(sasrec, wrapped):
    turned = {"a": HISTORIES[0][:5], "b": HISTORIES[0][:5][::-1]}
    assert_equal_scores(sasrec, wrapped, turned)
    found = scores_of(wrapped, turned).to_numpy()
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_explanations_hold_when_the_library_itself_is_asked(sasrec, wrapped):
    history = HISTORIES[3]
    explained = topple.explain(wrapped, [ITEMS[item] for item in history], k=2, progress=False)
    assert any(made.items for made in explained)
    for made in explained:
        left = [item for item in history if ITEMS[item] not in made.items]
        library_scores = own_scores(sasrec, {"left": left}).loc["left"].drop([ITEMS[item] for item in history])
        assert (library_scores.rank(ascending=False)[made.query.target] > 2) == bool(made.items)


def test_ids_may_be_integers_and_the_catalogue_in_any_order():
    numbers = [1000 - 7 * number for number in range(30)]
    dataset = Dataset.construct(frame(enumerate(HISTORIES), numbers))
    model = fitted(dataset=dataset)
    catalogue = Catalogue(Vocabulary(sorted(numbers)), tuple(f"film {number}" for number in sorted(numbers)))
    recommender = topple.wrap(model, "rectools", catalogue)
    assert recommender.catalogue is catalogue
    assert_equal_scores(model, recommender, dict(enumerate(HISTORIES[:5])), numbers)


def test_item_features_are_part_of_the_model():
    features = pd.DataFrame({"id": ITEMS, "feature": "half", "value": [number % 2 for number in range(30)]})
    model = fitted(dataset=Dataset.construct(FRAME, item_features_df=features, cat_item_features=["half"]))
    assert_equal_scores(model, topple.wrap(model, "rectools"), dict(enumerate(HISTORIES[:5])))


def test_an_empty_history_scores_what_it_is_given(sasrec, wrapped):
    nothing = HistoryBatch.of([[]])
    assert wrapped.score(nothing, torch.ones(1, 1, 0, dtype=torch.float64)).unique().tolist() == [0]
    popular = topple.wrap(sasrec, "rectools", empty=list(range(30)))
    assert popular.score(nothing, torch.ones(1, 1, 0, dtype=torch.float64))[0, 0].tolist() == list(range(30))


def test_items_that_the_training_left_out_are_not_in_the_catalogue():
    with_one_more = Dataset.construct(pd.concat([FRAME, frame([("once", [0])], ["new"])]))
    model = fitted(dataset=with_one_more)
    recommender = topple.wrap(model, "rectools", with_one_more)
    assert set(recommender.catalogue.vocabulary.ids) == set(ITEMS)
    with pytest.raises(QueryError, match="unknown item id 'new': not among the 30 items"):
        topple.recommend(recommender, [ITEMS[0], "new"])
    with pytest.raises(
        RecommenderError, match=r"SASRecModel was given 31 items and knows 30; 'new' is on one side only"
    ):
        topple.wrap(model, "rectools", [*ITEMS, "new"])
    with pytest.raises(RecommenderError, match="was given 29 items and knows 30"):
        topple.wrap(model, "rectools", ITEMS[1:])


def test_a_model_that_was_trained_on_is_wrapped_again(sasrec):
    model = fitted()
    before = topple.wrap(model, "rectools").fingerprint
    model.fit_partial(DATASET, min_epochs=1, max_epochs=1)
    recommender = topple.wrap(model, "rectools")
    assert recommender.fingerprint != before
    assert_equal_scores(model, recommender, dict(enumerate(HISTORIES[:5])))


class OwnRanking(TransformerLightningModule):
    def _recommend_u2i(self, *given, **options):
        raise AssertionError


class OwnTower(DistanceSimilarityModule):
    def item_tower_forward(self, item_embs):
        return 2 * item_embs


def test_what_is_refused():
    with pytest.raises(CapabilityError, match=r"rectools:HSTUModel reads the times of interactions besides the items"):
        topple.wrap(fitted(HSTUModel), "rectools", DATASET)
    with_column = Dataset.construct(FRAME.assign(place="home"), keep_extra_cols=True)
    with pytest.raises(CapabilityError, match=r"rectools:SASRecModel reads place besides the items"):
        topple.wrap(fitted(dataset=with_column, data_preparator_kwargs={"extra_cols": ["place"]}), "rectools")
    with pytest.raises(CapabilityError, match=r"SASRecModel ranks by OwnRanking, a part of your own.*as 'callable'"):
        topple.wrap(fitted(lightning_module_type=OwnRanking), "rectools")
    with pytest.raises(CapabilityError, match=r"ranks by OwnTower, a part of your own"):
        topple.wrap(fitted(similarity_module_type=OwnTower), "rectools")
    with pytest.raises(RecommenderError, match="rectools:BERT4RecModel is not fitted"):
        topple.wrap(BERT4RecModel(**SMALL), "rectools")


def test_an_item_that_comes_again_is_one_more_event(sasrec, wrapped):
    again = {0: [3, 9, 3, 14], 1: [3, 9, 14], 2: [9, 3, 14]}
    assert_equal_scores(sasrec, wrapped, again)
    first, second, third = scores_of(wrapped, again).to_numpy()
    assert not np.allclose(first, second)
    assert not np.allclose(first, third)
