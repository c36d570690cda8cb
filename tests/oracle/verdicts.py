"""Holds what verification says of sets of any origin, and what a model says of its scores, against the rule."""

from collections import Counter

import numpy as np

import topple
from tests.oracle.judge import Judgement, question
from tests.oracle.rule import CERTAIN, POSSIBLE, scale_of
from topple import Goal

SETS = 16
"""Sets of a world that are verified."""


def judge_verdicts(drawn, explained, world, precision, ids, random):
    """Verify drawn sets of queries that can be asked and return what is wrong with the verdicts."""
    asked = [(query, question(query, history, precision, ids)) for query, history in drawn]
    asked = [each for each, answer in zip(asked, explained, strict=True) if str(answer.status) != "invalid"]
    chosen = [asked[each] for each in random.permutation(len(asked))[:SETS] if len(asked[each][1].allowed[0])]
    chosen = [(query, truth) for query, truth in chosen if query.repeats != "events"]
    bits = [int(random.choice(truth.allowed[0])) for _, truth in chosen]
    sets = [_items(query, named) for (query, _), named in zip(chosen, bits, strict=True)]
    found = Judgement()
    verdicts = topple.verify(world.model, [query for query, _ in chosen], sets)
    for (_, truth), named, verdict in zip(chosen, bits, verdicts, strict=True):
        _judge_verdict(found, verdict, truth, named)
    return found


def _items(query, bits):
    return list(dict.fromkeys(item for event, item in enumerate(query.history) if bits >> event & 1))


def _judge_verdict(found, verdict, truth, bits):
    found.counts["verdicts"] += 1
    left = truth.history.full ^ bits
    said = {
        "necessary": (verdict.necessary, truth.out[:, left]),
        "sufficient": (verdict.sufficient, ~truth.out[::-1, bits]),
    }
    for name, (value, (surely, perhaps)) in said.items():
        if (value and not perhaps) or (not value and surely):
            found.say("verdict", f"{name}={value} of the set {bits:b} of {verdict.query}")
    less = np.array(truth.one_less(bits), dtype=int)
    if verdict.minimal is not None:
        if verdict.minimal and len(less) and truth.does(less, CERTAIN).any():
            found.say("verdict", f"minimal, and a unit of {bits:b} can be given back, of {verdict.query}")
        if not verdict.minimal and not (len(less) and truth.does(less, POSSIBLE).any()):
            found.say("verdict", f"not minimal, and no unit of {bits:b} can be given back, of {verdict.query}")
    _judge_evidence(found, verdict, truth, bits)


def _judge_evidence(found, verdict, truth, bits):
    """Without evidence: nothing outranks the target out of the list, and yet it is out."""
    left = truth.history.full ^ bits
    sure = (truth.counts[CERTAIN, :, left] == truth.counts[POSSIBLE, :, left]).all()
    if not sure or not verdict.valid or truth.goal == Goal.SUFFICIENT:
        return
    by_fillers = truth.counts[CERTAIN, 0, left] < truth.k <= truth.counts[CERTAIN, 1, left]
    if verdict.without_evidence != by_fillers:
        found.say("verdict", f"without_evidence={verdict.without_evidence} of the set {bits:b} of {verdict.query}")
    whole = by_fillers and left == 0 and len(set(truth.history.items)) > 1
    if verdict.whole_history != whole:
        found.say("verdict", f"whole_history={verdict.whole_history} of the set {bits:b} of {verdict.query}")


def judge_scale(world):
    """Work out the scale of a model anew, over the probe that it keeps, and return what is wrong with it."""
    found = Judgement(counts=Counter(scales=1))
    probe = world.model.findings.probe(world.model).histories
    scale = scale_of(world.score, len(world.model.catalogue), probe)
    if not np.isclose(world.model.scale, scale, rtol=1e-6, atol=0):
        found.say("scale", f"the scale is {world.model.scale!r}, and should be {scale!r}")
    return found
