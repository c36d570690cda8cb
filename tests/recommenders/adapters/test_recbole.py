import sys

import numpy as np
import pytest
import torch

import topple
from tests.recommenders.adapters.matrices import ITEMS, USERS, history, interactions, listed
from topple.errors import CapabilityError, RecommenderError
from topple.scoring.recommender import Capability
from topple.scoring.variations import HistoryBatch
from topple.testing import check_recommender

pytest.importorskip("recbole", reason="test_older.py runs this in an environment of its own")
pytestmark = pytest.mark.filterwarnings("ignore")

from recbole.config import Config  # noqa: E402
from recbole.data import create_dataset, data_preparation  # noqa: E402
from recbole.data.interaction import Interaction  # noqa: E402
from recbole.utils import get_model, get_trainer, init_seed  # noqa: E402
from recbole.utils.case_study import full_sort_scores  # noqa: E402

SEQUENTIAL = ("SASRec", "GRU4Rec", "BERT4Rec", "NARM", "STAMP", "HGN", "Caser", "FPMC", "DIN")
ADDITIVE = ("EASE", "SLIMElastic", "ItemKNN")
LONGEST = 8
RACT = {"train_stage": "actor_pretrain", "pretrain_epochs": 2}
ALL = {"split": {"RS": [1, 0, 0]}, "order": "TO", "group_by": "user", "mode": "full"}
LAST = {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"}


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Return a function that trains a model of a given name on the interactions: (model, dataset, test data)."""
    monkeypatch.setattr(sys, "argv", ["test"])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy").mkdir()
    rows = [f"{USERS[u]}\t{ITEMS[i]}\t{n}" for n, (u, i) in enumerate(zip(*interactions().nonzero(), strict=True))]
    head = "user_id:token\titem_id:token\ttimestamp:float"
    (tmp_path / "toy" / "toy.inter").write_text("\n".join([head, *rows]) + "\n")

    def train(name, **more):
        settings = {
            "data_path": str(tmp_path),
            "checkpoint_dir": str(tmp_path),
            "epochs": 2,
            "state": "ERROR",
            "use_gpu": False,
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": LAST if name in SEQUENTIAL else ALL,
            "MAX_ITEM_LIST_LENGTH": LONGEST,
            **more,
        }
        if name not in ("BPR", "FPMC"):
            settings["train_neg_sample_args"] = None
        config = Config(model=name, dataset="toy", config_dict=settings)
        init_seed(0, True)
        dataset = create_dataset(config)
        train_data, _, test_data = data_preparation(config, dataset)
        model = get_model(name)(config, train_data.dataset)
        get_trainer(config["MODEL_TYPE"], name)(config, model).fit(
            train_data, verbose=False, saved=False, show_progress=False
        )
        return model, dataset, test_data

    return train


GENERAL = [*((name, {}) for name in (*ADDITIVE, "MultiVAE", "MultiDAE", "RecVAE")), ("RaCT", RACT)]


@pytest.mark.parametrize(("name", "settings"), GENERAL, ids=[name for name, _ in GENERAL])
def test_lists_equal_the_librarys_own(trained, name, settings):
    model, dataset, _ = trained(name, **settings)
    model.train()
    recommender = topple.wrap(model, "recbole", dataset)
    assert (Capability.ADDITIVE in recommender.capabilities) == (name in ADDITIVE)
    assert Capability.DIFFERENTIABLE in recommender.capabilities
    check_recommender(recommender)
    assert model.training
    model.eval()
    for user in range(5):
        number = torch.tensor([dataset.token2id("user_id", USERS[user])])
        with torch.no_grad():
            library_scores = np.asarray(model.full_sort_predict(Interaction({"user_id": number}))).ravel()
        seen = [0, *dataset.token2id("item_id", np.array(history(user)))]
        library_scores[seen] = -np.inf
        best = np.argsort(-library_scores)[:8]
        topple_list, scores = listed(recommender, user, 8)
        assert scores == pytest.approx(library_scores[best].tolist(), abs=1e-5)
        assert set(topple_list[:4]) == set(dataset.id2token("item_id", best[:4]))
    assert topple.explain(recommender, history(1), k=2, progress=False)


@pytest.mark.parametrize("name", ["SASRec", "GRU4Rec", "BERT4Rec", "NARM", "STAMP"])
def test_sequential_models_read_the_order(trained, name):
    model, dataset, test_data = trained(name)
    model.train()
    recommender = topple.wrap(model, "recbole", dataset)
    assert recommender.capabilities == {Capability.ORDER_AWARE}
    check_recommender(recommender)
    assert model.training
    model.eval()
    assert {len(history(user)) - 1 > LONGEST for user in range(20)} == {True, False}  # cut by the library, and not
    for user in range(20):
        number = np.array([dataset.token2id("user_id", USERS[user])])
        library_scores = full_sort_scores(number, model, test_data)[0]  # for all but the last item, which is tested
        entries = topple.recommend(recommender, history(user)[:-1], k=8)
        topple_list = [entry.item for entry in entries]
        assert [entry.score for entry in entries] == pytest.approx(
            library_scores[dataset.token2id("item_id", np.array(topple_list))].tolist(), rel=1e-4, abs=1e-7
        )
        library_scores[[0, *dataset.token2id("item_id", np.array(history(user)[:-1]))]] = -torch.inf
        assert library_scores.max() == pytest.approx(entries[0].score, rel=1e-4, abs=0)
    backwards = topple.recommend(recommender, history(4)[-2::-1], k=8)
    forwards = topple.recommend(recommender, history(4)[:-1], k=8)
    assert [entry.score for entry in backwards] != pytest.approx([entry.score for entry in forwards], rel=1e-2, abs=0)


def test_a_sequence_closes_the_gap_of_a_removed_item_down_to_none(trained):
    model, dataset, _ = trained("SASRec")
    recommender = topple.wrap(model, "recbole", dataset)
    nothing = HistoryBatch.of([[]]), torch.ones(1, 1, 0, dtype=torch.float64)
    assert recommender.score(*nothing).unique().tolist() == [0]
    assert topple.wrap(model, "recbole", dataset, empty=7).score(*nothing).unique().tolist() == [7]
    items = list(range(3, 14))
    batch = HistoryBatch.of([items])
    keep = torch.ones(1, 2, 11, dtype=torch.float64)
    keep[0, 0, 5] = keep[0, 1, 0] = 0
    found = recommender.score(batch, keep)[0]
    model.eval()
    for row, left in enumerate([[*items[2:5], *items[6:]], items[3:]]):  # the last 8 that stay
        given = {model.ITEM_SEQ: torch.tensor([left]) + 1, model.ITEM_SEQ_LEN: torch.tensor([8])}
        library_scores = model.full_sort_predict(Interaction(given)).view(-1)[1:]
        assert found[row].tolist() == pytest.approx(library_scores.tolist(), abs=1e-5)


@pytest.mark.parametrize("name", ["HGN", "Caser", "FPMC"])
def test_sequential_models_that_read_more_are_refused_when_they_are_wrapped(trained, name):
    model, dataset, _ = trained(name)
    with pytest.raises(
        CapabilityError, match=rf"recbole:{name} reads 'user_id' besides the items .*What works: EASE, SLIM"
    ):
        topple.wrap(model, "recbole", dataset)


def test_what_is_refused(trained):
    model, dataset, _ = trained("BPR")
    with pytest.raises(
        CapabilityError, match=r"recbole:BPR learns what it knows of each user .*What works: EASE, SLIM"
    ):
        topple.wrap(model, "recbole", dataset)
    model, dataset, _ = trained("ItemKNN", knn_method="user")
    with pytest.raises(CapabilityError, match=r"recbole:ItemKNN learns what it knows of each user .*ItemKNN of items"):
        topple.wrap(model, "recbole", dataset)
    model, dataset, _ = trained(
        "DIN", epochs=0, metrics=["AUC"], valid_metric="AUC", eval_args={**LAST, "mode": "labeled"}
    )
    with pytest.raises(CapabilityError, match=r"recbole:DIN does not score all items for a history"):
        topple.wrap(model, "recbole", dataset)
    model, dataset, _ = trained("SASRec")
    with pytest.raises(
        RecommenderError, match=r"recbole:SASRec raised RuntimeError: .*Ask the model for such histories"
    ):
        topple.wrap(model.half(), "recbole", dataset)
    model, dataset, _ = trained("EASE")
    with pytest.raises(RecommenderError, match="31 items for recbole:EASE, which scores 30"):
        topple.wrap(model, "recbole", dataset.field2id_token["item_id"].tolist())
    with pytest.raises(RecommenderError, match="recbole:dict is not a model of RecBole"):
        topple.wrap({}, "recbole", dataset)


@pytest.mark.parametrize("name", ["EASE", "MultiVAE", "SASRec"])
def test_weights_are_not_used_as_in_the_training(trained, name):
    model, dataset, _ = trained(name)
    recommender = topple.wrap(model, "recbole", dataset)
    assert not recommender.uses_weights
    seen = history(1)
    weighted = topple.History(seen, range(1, len(seen) + 1))
    assert np.array_equal(topple.score(recommender, weighted), topple.score(recommender, seen))


@pytest.mark.parametrize("name", ["SASRec", "GRU4Rec"])
def test_an_item_that_comes_again_is_one_more_event(trained, name):
    model, dataset, _ = trained(name)
    recommender = topple.wrap(model, "recbole", dataset)
    items = [3, 9, 3, 14]
    batch = HistoryBatch.of([items])
    keep = torch.ones(1, 2, 4, dtype=torch.float64)
    keep[0, 1, 2] = 0
    found = recommender.score(batch, keep)[0]
    model.eval()
    for row, left in enumerate([items, [3, 9, 14]]):
        padded = torch.zeros(1, LONGEST, dtype=torch.int64)
        padded[0, : len(left)] = torch.tensor(left) + 1
        given = {model.ITEM_SEQ: padded, model.ITEM_SEQ_LEN: torch.tensor([len(left)])}
        library_scores = model.full_sort_predict(Interaction(given)).view(-1)[1:]
        assert found[row].tolist() == pytest.approx(library_scores.tolist(), abs=1e-5)
