import math

import numpy as np
import pytest
import torch
from scipy import sparse

from topple.data.splitting import HeldOut
from topple.data.vocabulary import Vocabulary
from topple.recommenders.training.quality import held_out_quality, ranked_lists
from topple.testing import random_mult_vae, tiny_split
from topple.testing.worlds import random_additive

USERS = 150


def held_out(items, seed=0):
    """Users with 0 to 6 fold-in items and 0 to 5 held-out ones."""
    random = np.random.default_rng(seed)
    fold_in, wanted = np.zeros((USERS, items), np.float32), np.zeros((USERS, items), np.float32)
    for user in range(USERS):
        met = random.permutation(items)
        given = random.integers(0, 7)
        fold_in[user, met[:given]] = 1
        wanted[user, met[given : given + random.integers(0, 6)]] = 1
    users = Vocabulary([f"u{user}" for user in range(USERS)], "user")
    return HeldOut(users, sparse.csr_matrix(fold_in), sparse.csr_matrix(wanted))


def slow_quality(scores_of, held, k):
    """NDCG@K and Recall@K, one user and one item at a time."""
    ndcgs, recalls = [], []
    for user in range(len(held.users)):
        given = set(held.fold_in[user].indices.tolist())
        wanted = set(held.held_out[user].indices.tolist())
        if not given or not wanted:
            continue
        scores = scores_of(sorted(given))
        ranked = sorted(
            (item for item in range(len(scores)) if item not in given), key=lambda item: (-scores[item], item)
        )
        dcg = sum(1 / math.log2(position + 2) for position, item in enumerate(ranked[:k]) if item in wanted)
        ideal = sum(1 / math.log2(position + 2) for position in range(min(k, len(wanted))))
        ndcgs.append(dcg / ideal)
        recalls.append(len(wanted & set(ranked[:k])) / min(k, len(wanted)))
    return sum(ndcgs) / len(ndcgs), sum(recalls) / len(recalls), len(ndcgs)


@pytest.mark.parametrize("k", [1, 3, 5, 10, 100])
def test_ndcg_and_recall_equal_a_slow_count_even_with_many_ties(k):
    model, items = random_additive(items=20, seed=3), 20
    gives = model.arrays()["gives"].numpy()
    held = held_out(items)
    ndcg, recall, users = slow_quality(lambda given: gives[given].sum(0), held, k)
    found = held_out_quality(model, held, ndcg=(k,), recall=(k,))
    assert found == {f"ndcg_{k}": pytest.approx(ndcg), f"recall_{k}": pytest.approx(recall), "users": users}


def test_quality_of_a_network_on_a_split():
    split = tiny_split()
    model = random_mult_vae(len(split.catalogue))
    p = {name: array.numpy().astype(float) for name, array in model.arrays().items()}

    def scores_of(given):
        hidden = np.tanh(p["weight_q_0to1"][given].sum(0) / math.sqrt(len(given)) + p["bias_q_1"])
        mean = (hidden @ p["weight_q_1to2"] + p["bias_q_2"])[:5]
        return np.tanh(mean @ p["weight_p_0to1"] + p["bias_p_1"]) @ p["weight_p_1to2"] + p["bias_p_2"]

    ndcg, recall, users = slow_quality(scores_of, split.test, 10)
    found = held_out_quality(model, split.test, ndcg=(10,), recall=(10,))
    assert found == {"ndcg_10": pytest.approx(ndcg), "recall_10": pytest.approx(recall), "users": users}


def test_the_defaults_are_those_of_the_paper():
    found = held_out_quality(random_additive(20), held_out(20))
    assert list(found) == ["ndcg_100", "recall_20", "recall_50", "users"]


def test_without_a_user_to_ask_the_numbers_are_not_zero_but_no_numbers():
    held = held_out(20)
    empty = HeldOut(held.users, held.fold_in, sparse.csr_matrix(held.held_out.shape, dtype=np.float32))
    found = held_out_quality(random_additive(20), empty)
    assert found["users"] == 0
    assert math.isnan(found["ndcg_100"])


def test_items_of_the_fold_in_are_never_ranked():
    held = held_out(20)
    for rows, lists in ranked_lists(random_additive(20), held.fold_in, held.with_history(), 10):
        for row, listed in zip(rows, lists, strict=True):
            assert not set(held.fold_in[row].indices) & set(listed.tolist())


def test_lists_come_for_every_user_once_and_in_order():
    held = held_out(20)
    rows = torch.cat(
        [torch.from_numpy(rows) for rows, _ in ranked_lists(random_additive(20), held.fold_in, held.with_history(), 3)]
    )
    assert rows.tolist() == held.with_history().tolist()
