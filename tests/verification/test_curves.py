from dataclasses import replace

import pytest

import topple
from topple import CandidateRule
from topple.records.curves import lengths_of, tenths
from topple.testing import random_additive, random_mult_vae
from topple.testing.worlds import listed_queries
from topple.verification.curves import curves, have_numbers


def naive(model, query, kept):
    """Rank and score of the target by one request, with the items of the history that are kept."""
    scores = dict(zip(model.catalogue.vocabulary.ids, topple.score(model, list(kept)).tolist(), strict=True))
    seen = kept if query.rule is CandidateRule.UNSEEN_AFTER else query.history
    unseen = [item for item in scores if item not in seen and item != query.target]
    return 1 + sum(scores[item] > scores[query.target] + 1e-9 for item in unseen), scores[query.target]


@pytest.mark.parametrize("model", [random_mult_vae(items=30, seed=4), random_additive(20)], ids=["network", "sums"])
def test_a_curve_is_what_ranking_each_shortened_history_says(model):
    queries = [replace(query, history=query.history[:7]) for query in listed_queries(model, seed=1, users=5, k=3)]
    queries = [query for query in queries if query.target not in query.history]
    found = topple.explain_queries(model, queries, explainer="leave-one-out", progress=False)
    found = [each for each in found if each.attributions]
    assert len(found) > 4
    for explanation, drawn in zip(found, curves(model, found), strict=True):
        query, numbers = explanation.query, explanation.attributions
        order = sorted(range(len(numbers)), key=lambda at, numbers=numbers: (-numbers[at], at))
        events = [query.history[at] for at in order]
        assert drawn.events == len(events)
        kept_by = {
            "deletion": lambda length, events=events: events[length:],
            "reverse_deletion": lambda length, events=events: events[: len(events) - length],
            "insertion": lambda length, events=events: events[:length],
        }
        for name, kept_of in kept_by.items():
            curve = getattr(drawn, name)
            assert curve.lengths == lengths_of(len(events))
            for length in curve.lengths:
                kept = kept_of(length)
                if not kept:
                    continue
                rank, score = naive(model, query, kept)
                assert curve.score(length) == pytest.approx(score, abs=1e-9)
                assert curve.rank(length) == rank


def test_curves_are_the_same_alone_and_in_a_batch_of_histories_of_other_lengths_and_rules():
    model = random_mult_vae(items=30, seed=4)
    queries = listed_queries(model, seed=1, users=8, k=3)
    queries = [replace(query, rule=list(CandidateRule)[number % 2]) for number, query in enumerate(queries)]
    found = topple.explain_queries(model, queries, explainer="leave-one-out", progress=False)
    together, done = curves(model, found, (told := []).append), sum(told)
    assert done == len(found)
    for explanation, expected in zip(found, together, strict=True):
        (alone,) = curves(model, [explanation])
        assert alone.deletion.ranks == expected.deletion.ranks
        assert alone.insertion.scores == pytest.approx(expected.insertion.scores)


def test_removing_everything_is_the_same_from_either_end_and_so_is_keeping_nothing():
    model = random_mult_vae(items=30, seed=4)
    found = topple.explain_queries(
        model, listed_queries(model, seed=1, users=4, k=3), explainer="lime-rs", progress=False
    )
    for drawn in curves(model, found):
        ends = (drawn.deletion.ranks[-1], drawn.reverse_deletion.ranks[-1], drawn.insertion.ranks[0])
        assert len({*ends}) == 1
        assert drawn.deletion.ranks[0] == drawn.insertion.ranks[-1] <= 3


def test_tenths():
    assert tenths(3) == (0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3)
    assert tenths(20) == tuple(range(0, 21, 2))
    assert lengths_of(2) == (0, 1, 2)


def test_only_whole_attributions_have_curves():
    model = random_additive(20)
    (query, *_) = listed_queries(model, seed=1, users=3, k=3)
    (told,) = topple.explain_queries(model, [query], explainer="leave-one-out", progress=False)
    (sets,) = topple.explain_queries(model, [query], explainer="greedy", progress=False)
    unknown = replace(told, attributions=(float("nan"), *told.attributions[1:]))
    assert [have_numbers(each) for each in (told, sets, unknown)] == [True, False, False]
