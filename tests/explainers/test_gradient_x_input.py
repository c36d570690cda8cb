import pytest
import torch

import topple
from topple.errors import CapabilityError
from topple.scoring.variations import HistoryBatch
from topple.testing import OpaqueRecommender, film_recommender, random_mult_vae
from topple.testing.worlds import listed_queries

MODEL = random_mult_vae(items=30, seed=4)
STEP = 1e-5


def test_a_number_is_the_slope_of_the_targets_score_by_finite_differences():
    queries = listed_queries(MODEL, seed=1, users=8, k=3)
    found = topple.explain_queries(MODEL, queries, explainer="gradient-x-input", progress=False)
    encode = MODEL.catalogue.vocabulary.encode
    for query, explanation in zip(queries, found, strict=True):
        history, (target,) = encode(list(query.history)).tolist(), encode([query.target]).tolist()
        less = torch.ones(len(history), len(history)).double() - STEP * torch.eye(len(history)).double()
        more = 2 - less
        scores = MODEL.score(HistoryBatch.of([history]), torch.cat([more, less])[None])[0, :, target]
        slope = (scores[: len(history)] - scores[len(history) :]) / (2 * STEP)
        assert explanation.attributions == pytest.approx(slope.tolist(), abs=1e-6)


def test_a_model_without_gradients_is_refused():
    model = film_recommender(OpaqueRecommender)
    with pytest.raises(CapabilityError, match="gradient-x-input needs a recommender that is differentiable"):
        topple.explain(model, list(model.catalogue.vocabulary.ids[:3]), k=2, explainer="gradient-x-input")
