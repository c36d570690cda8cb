import pytest
import torch

import topple
from topple.scoring.variations import HistoryBatch
from topple.testing import random_additive, random_mult_vae
from topple.testing.worlds import listed_queries


@pytest.mark.parametrize("model", [random_mult_vae(items=30, seed=4), random_additive(20)], ids=["network", "sums"])
def test_a_number_is_the_fall_of_the_targets_score_without_the_item(model):
    queries = listed_queries(model, seed=1, users=8, k=3)
    found = topple.explain_queries(model, queries, explainer="leave-one-out", progress=False)
    encode = model.catalogue.vocabulary.encode
    for query, explanation in zip(queries, found, strict=True):
        history, (target,) = encode(list(query.history)).tolist(), encode([query.target]).tolist()
        batch = HistoryBatch.of([history])
        keep = torch.cat([torch.ones(1, len(history)), 1 - torch.eye(len(history))]).double()[None]
        scores = model.score(batch, keep)[0, :, target]
        assert explanation.attributions == pytest.approx((scores[0] - scores[1:]).tolist(), abs=1e-9)
        assert explanation.cost >= len(history) + 1
