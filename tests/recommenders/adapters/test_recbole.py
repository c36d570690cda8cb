import sys

import numpy as np
import pytest
import torch

import topple
from tests.recommenders.adapters.matrices import ITEMS, USERS, history, interactions, listed
from topple.errors import CapabilityError, RecommenderError
from topple.recommenders.base import Capability
from topple.testing import check_recommender

pytest.importorskip("recbole", reason="test_older.py runs this in an environment of its own")
pytestmark = pytest.mark.filterwarnings("ignore")

from recbole.config import Config  # noqa: E402
from recbole.data import create_dataset, data_preparation  # noqa: E402
from recbole.data.interaction import Interaction  # noqa: E402
from recbole.utils import get_model, get_trainer, init_seed  # noqa: E402

SEQUENTIAL = ("SASRec", "GRU4Rec", "HGN")
ALL = {"split": {"RS": [1, 0, 0]}, "order": "TO", "group_by": "user", "mode": "full"}
LAST = {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"}


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Return a function that trains a model of a given name on the interactions: (model, dataset)."""
    monkeypatch.setattr(sys, "argv", ["test"])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy").mkdir()
    rows = [f"{USERS[u]}\t{ITEMS[i]}\t{n}" for n, (u, i) in enumerate(zip(*interactions().nonzero(), strict=True))]
    head = "user_id:token\titem_id:token\ttimestamp:float"
    (tmp_path / "toy" / "toy.inter").write_text("\n".join([head, *rows]) + "\n")

    def train(name):
        settings = {
            "data_path": str(tmp_path),
            "checkpoint_dir": str(tmp_path),
            "epochs": 2,
            "state": "ERROR",
            "use_gpu": False,
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": LAST if name in SEQUENTIAL else ALL,
            "MAX_ITEM_LIST_LENGTH": 20,
        }
        if name != "BPR":
            settings["train_neg_sample_args"] = None
        config = Config(model=name, dataset="toy", config_dict=settings)
        init_seed(0, True)
        dataset = create_dataset(config)
        train_data, _, _ = data_preparation(config, dataset)
        model = get_model(name)(config, train_data.dataset)
        get_trainer(config["MODEL_TYPE"], name)(config, model).fit(
            train_data, verbose=False, saved=False, show_progress=False
        )
        return model, dataset

    return train


@pytest.mark.parametrize("name", ["EASE", "MultiVAE", "MultiDAE", "RecVAE"])
def test_lists_equal_the_librarys_own(trained, name):
    model, dataset = trained(name)
    model.train()
    recommender = topple.wrap(model, "recbole", dataset)
    assert (Capability.ADDITIVE in recommender.capabilities) == (name == "EASE")
    assert Capability.DIFFERENTIABLE in recommender.capabilities
    check_recommender(recommender)
    assert model.training
    model.eval()
    for user in range(5):
        number = torch.tensor([dataset.token2id("user_id", USERS[user])])
        with torch.no_grad():
            own = np.asarray(model.full_sort_predict(Interaction({"user_id": number}))).ravel()
        seen = [0, *dataset.token2id("item_id", np.array(history(user)))]
        own[seen] = -np.inf
        best = np.argsort(-own)[:8]
        mine, scores = listed(recommender, user, 8)
        assert scores == pytest.approx(own[best].tolist(), abs=1e-5)
        assert set(mine[:4]) == set(dataset.id2token("item_id", best[:4]))
    assert topple.explain(recommender, history(1), k=2, progress=False)


@pytest.mark.parametrize("name", ["SASRec", "GRU4Rec"])
def test_sequential_models_read_the_order(trained, name):
    model, dataset = trained(name)
    model.train()
    recommender = topple.wrap(model, "recbole", dataset)
    assert recommender.capabilities == {Capability.ORDER_AWARE}
    check_recommender(recommender)
    assert model.training
    model.eval()
    items = torch.from_numpy(np.asarray(dataset.token2id("item_id", np.array(history(4))))).long()
    sequence = torch.nn.functional.pad(items, (0, 20 - len(items)))[None]
    given = Interaction({model.ITEM_SEQ: sequence, model.ITEM_SEQ_LEN: torch.tensor([len(items)])})
    with torch.no_grad():
        own = model.full_sort_predict(given).view(-1)
    mine, scores = listed(recommender, 4, 8)
    assert scores == pytest.approx(own[dataset.token2id("item_id", np.array(mine))].tolist(), abs=1e-5)
    own[[0, *items.tolist()]] = -torch.inf
    assert mine[0] == dataset.id2token("item_id", int(own.argmax()))
    backwards = topple.recommend(recommender, history(4)[::-1], k=8)
    assert [place.score for place in backwards] != pytest.approx(scores, abs=1e-4)


def test_what_is_refused(trained):
    model, dataset = trained("BPR")
    with pytest.raises(CapabilityError, match=r"recbole:BPR learns factors for each user .*What works: EASE, MultiVAE"):
        topple.wrap(model, "recbole", dataset)
    model, dataset = trained("HGN")
    with pytest.raises(CapabilityError, match="recbole:HGN reads 'user_id' besides the items"):
        topple.wrap(model, "recbole", dataset)
    model, dataset = trained("EASE")
    with pytest.raises(RecommenderError, match="31 items for recbole:EASE, which scores 30"):
        topple.wrap(model, "recbole", dataset.field2id_token["item_id"].tolist())
    with pytest.raises(RecommenderError, match="recbole:dict is not a model of RecBole"):
        topple.wrap({}, "recbole", dataset)
