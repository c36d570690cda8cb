"""Engines over the worlds of `tests.explainers.sums.parity`, whose scores are read both ways."""

import numpy as np
import torch

from tests.explainers.sums.parity import KINDS, RULES, draw_model, draw_queries
from topple.explainers.search.explainer import engines
from topple.explainers.sums.search import can_search
from topple.scoring.encoding import encode


def drawn_engines(kind, rule, seed, users=4, **fixed):
    """The engines of queries about a drawn model, each with histories that are sums."""
    random = np.random.default_rng([KINDS.index(kind), RULES.index(rule), seed])
    model = draw_model(random, kind)
    queries = draw_queries(random, model, users, rule, **fixed)
    with torch.no_grad():
        found = [engine for _, engine in engines(model, encode(queries, model.catalogue), 64)]
    assert all(engine.sums is not None for engine in found)
    return [engine for engine in found if can_search(engine)]
