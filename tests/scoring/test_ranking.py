import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from topple.errors import RecommenderError
from topple.records.question import CandidateRule
from topple.scoring.ranking import Ranking, only_competing, top_k
from topple.scoring.variations import HistoryBatch, unchanged, without

BEFORE, AFTER, ALL = CandidateRule
PLAIN = Ranking(1e-12, 1.0, None)


def standing(scores, target, k=1, ranking=PLAIN):
    """Where one target stands among scores [C]."""
    target, tolerance = torch.tensor([target]), ranking.tolerance(scores[target])[None]
    return ranking.standing(scores, target, torch.tensor([k]), tolerance)


def rank_of(scores, target, ranking=PLAIN):
    tolerance = ranking.tolerance(scores[target])[None]
    return int(ranking.rank(scores, standing(scores, target, 1, ranking), tolerance))


def ranks_of(scores):
    return torch.tensor([rank_of(scores, target) for target in range(len(scores))])


@st.composite
def tied_scores(draw):
    """Scores [C] out of a few values, so that exact ties are many, and a list length."""
    size = draw(st.integers(2, 14))
    levels = draw(st.lists(st.sampled_from([-3.5, -1.0, 0.0, 0.25, 2.0, 7.0]), min_size=size, max_size=size))
    return np.array(levels), draw(st.integers(1, size))


def oracle_top_k(scores, k):
    """Sort by score, best first, then by place: another algorithm than the library's."""
    return sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:k]


@given(tied_scores())
def test_top_k_equals_a_sort_by_score_and_then_by_place(drawn):
    scores, k = drawn
    assert top_k(torch.from_numpy(scores), k).tolist() == oracle_top_k(scores.tolist(), k)


@given(
    hnp.arrays(
        np.float64, st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(3, 20)), elements=st.integers(-2, 2)
    ),
    st.integers(1, 3),
)
def test_top_k_of_many_rows_equals_the_oracle_row_by_row(scores, k):
    found = top_k(torch.from_numpy(scores), k).numpy()
    for row in np.ndindex(scores.shape[:-1]):
        assert found[row].tolist() == oracle_top_k(scores[row].tolist(), k)


@given(tied_scores())
def test_a_shorter_list_is_the_head_of_a_longer_one(drawn):
    scores, k = drawn
    longer = top_k(torch.from_numpy(scores), len(scores)).tolist()
    assert top_k(torch.from_numpy(scores), k).tolist() == longer[:k]


@given(tied_scores())
def test_rank_lies_between_1_and_the_number_of_candidates(drawn):
    scores = torch.from_numpy(drawn[0])
    ranks = ranks_of(scores)
    assert int(ranks.min()) == 1
    assert int(ranks.max()) <= len(scores)


@given(tied_scores())
def test_an_item_of_the_top_k_has_a_rank_of_at_most_its_place(drawn):
    scores, k = drawn
    listed = top_k(torch.from_numpy(scores), k)
    ranks = ranks_of(torch.from_numpy(scores))[listed]
    assert (ranks <= torch.arange(1, k + 1)).all()


@given(tied_scores())
def test_an_item_with_a_rank_above_k_is_not_in_the_top_k(drawn):
    scores, k = drawn
    ranks = ranks_of(torch.from_numpy(scores))
    assert not set((ranks > k).nonzero()[:, 0].tolist()) & set(top_k(torch.from_numpy(scores), k).tolist())


@given(st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_ranks_move_with_the_items_when_these_are_permuted(values, random):
    scores = torch.tensor(values, dtype=torch.float64)
    order = list(range(len(values)))
    random.shuffle(order)
    ranks, turned = ranks_of(scores), ranks_of(scores[order])
    assert turned.tolist() == ranks[order].tolist()


def test_ties_speak_for_the_target():
    assert rank_of(torch.tensor([3.0, 3.0, 3.0, 4.0]).double(), 0) == 2


@pytest.mark.parametrize("level", [1e-3, 1.0, -1.0, 1e6])
def test_a_difference_within_the_tolerance_is_a_tie_and_one_beyond_it_is_not(level):
    size = max(1.0, abs(level))
    for share, outranks in ((7.9e-12, False), (17e-12, True)):  # 8e-12 of the larger, rounded up to a power of two
        scores = torch.tensor([level, level + share * size], dtype=torch.float64)
        assert bool(standing(scores, 0).out) == outranks


@given(st.floats(1e-6, 1e6), st.integers(-40, 40))
def test_the_tolerance_is_a_power_of_two_and_scales_with_the_scores(value, power):
    ranking, other = Ranking(1e-12, 3.0, None), Ranking(1e-12, 3.0 * 2.0**power, None)
    target = torch.tensor([value], dtype=torch.float64)
    tolerance = ranking.tolerance(target)
    assert float(torch.frexp(tolerance).mantissa) == 0.5
    assert 8e-12 * max(value, 3.0) <= float(tolerance) <= 16e-12 * max(value, 3.0)
    assert float(other.tolerance(target * 2.0**power)) == float(tolerance) * 2.0**power


def test_a_model_that_computes_in_float32_has_a_wider_tolerance():
    scores = torch.tensor([1.0, 1.0 + 1e-6], dtype=torch.float64)
    assert bool(standing(scores, 0).out)
    assert not bool(standing(scores, 0, ranking=Ranking(3e-6, 1.0, None)).out)


def test_within_rounding_of_the_bar_a_target_is_neither_surely_out_nor_surely_in():
    bar = 1.0 + float(PLAIN.tolerance(torch.tensor(1.0, dtype=torch.float64)))
    for lead, surely, possibly in (
        (-2e-12, False, False),
        (-5e-13, False, True),
        (5e-13, False, True),
        (2e-12, True, True),
    ):
        found = standing(torch.tensor([1.0, bar + lead], dtype=torch.float64), 0)
        assert (bool(found.surely_out), bool(found.possibly_out)) == (surely, possibly)
        assert bool(found.within_rounding) == (surely != possibly)


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), min_size=3, max_size=9), st.integers(1, 3))
def test_a_target_that_nothing_speaks_for_ties_with_all_of_which_the_same_is_true(values, k):
    scores, empty = torch.tensor(values, dtype=torch.float64), torch.tensor([0.0, 1.0, 2.0] * 3, dtype=torch.float64)
    ranking = Ranking(1e-12, 1.0, empty[: len(values)])
    for target in range(len(values)):
        above = sum(value > values[target] for value in values)
        filler = [value == float(empty[at]) for at, value in enumerate(values)]
        tied = sum(filler[at] and values[at] == values[target] for at in range(len(values)) if at != target)
        extra = tied if filler[target] else 0
        found = standing(scores, target, k, ranking)
        assert bool(found.out) == (above + extra >= k)
        assert bool(found.by_fillers) == (above < k <= above + extra)
        assert rank_of(scores, target, ranking) == 1 + above + (extra if above < 1 <= above + extra else 0)


def test_minus_infinity_never_outranks():
    scores = torch.tensor([-5.0, -torch.inf, 1.0, 2.0], dtype=torch.float64)
    assert rank_of(scores, 0) == 3
    assert rank_of(torch.tensor([3.0, -torch.inf, 1.0], dtype=torch.float64), 0) == 1
    assert not bool(standing(torch.tensor([3.0, -torch.inf], dtype=torch.float64), 0).possibly_out)


def test_plus_infinity_outranks_every_number():
    assert rank_of(torch.tensor([1.0, torch.inf], dtype=torch.float64), 0) == 2


def test_a_list_longer_than_the_numbers_ends_with_minus_infinity_in_order():
    assert top_k(torch.tensor([-torch.inf, 1.0, -torch.inf]), 3).tolist() == [1, 0, 2]


def test_exclude_under_both_rules_hides_the_history_or_only_what_was_kept_of_it():
    batch = HistoryBatch.of([[1, 3], [2]])
    removed = torch.tensor([[[False, False], [True, False]], [[False, False], [True, False]]])
    keep, scores = without(batch, removed), torch.arange(20.0).reshape(2, 2, 5)
    before = torch.isinf(only_competing(scores.clone(), batch, keep, BEFORE)).nonzero().tolist()
    after = torch.isinf(only_competing(scores.clone(), batch, keep, AFTER)).nonzero().tolist()
    assert before == [[0, 0, 1], [0, 0, 3], [0, 1, 1], [0, 1, 3], [1, 0, 2], [1, 1, 2]]
    assert after == [[0, 0, 1], [0, 0, 3], [0, 1, 3], [1, 0, 2]]


def test_exclude_does_not_hide_the_item_that_padding_points_at():
    batch = HistoryBatch.of([[1, 3], [2]])
    scores = torch.ones(2, 1, 5)
    assert torch.isfinite(only_competing(scores, batch, unchanged(batch), BEFORE)[1, 0, 0])


def test_exclude_copes_with_scores_that_share_their_memory():
    batch = HistoryBatch.of([[1, 3], [2]])
    scores = torch.ones(5).expand(2, 1, 5)
    assert torch.isinf(only_competing(scores, batch, unchanged(batch), BEFORE)).sum(-1).tolist() == [[2], [1]]
    assert torch.equal(scores, torch.ones(2, 1, 5))


def test_exclude_does_hide_item_0_when_it_is_in_the_history():
    batch = HistoryBatch.of([[0], [1, 2]])
    hidden = only_competing(torch.ones(2, 1, 3), batch, unchanged(batch), BEFORE)
    assert torch.isinf(hidden[:, 0]).tolist() == [[True, False, False], [False, True, True]]


def test_nan_is_refused_with_the_place_and_what_to_do():
    batch = HistoryBatch.of([[1], [2, 3]])
    scores = torch.zeros(2, 1, 5)
    scores[1, 0, 4] = torch.nan
    with pytest.raises(
        RecommenderError, match=r"item index 4 is NaN for history 1, variation 0 \(2 items kept\).*Check"
    ):
        only_competing(scores, batch, unchanged(batch), BEFORE)


def test_an_item_that_comes_again_is_seen_while_one_of_the_events_is_kept():
    batch = HistoryBatch.of([[1, 2, 1]])
    keep = torch.tensor([[[1.0, 1, 0], [0, 1, 0], [0, 0, 1]]]).double()
    hidden = torch.isinf(only_competing(torch.ones(1, 3, 4).double(), batch, keep, AFTER))
    assert hidden.tolist() == [[[False, True, True, False], [False, False, True, False], [False, True, False, False]]]


def test_under_all_every_item_competes_and_filters_hold_under_every_rule():
    filters = torch.tensor([[True, True, False, True]]), torch.tensor([0])
    batch = HistoryBatch.of([[1]], allowed=filters)
    hidden = {
        rule: torch.isinf(only_competing(torch.ones(1, 1, 4).double(), batch, unchanged(batch), rule))
        for rule in CandidateRule
    }
    assert hidden[ALL].tolist() == [[[False, False, True, False]]]
    assert hidden[BEFORE].tolist() == hidden[AFTER].tolist() == [[[False, True, True, False]]]


def test_which_of_level_competitors_has_the_gradient_does_not_depend_on_how_many_more_there_are():
    scores = torch.tensor([0.0, 3.0, 1.0, 3.0, 3.0, 3.0, 2.0, 3.0, 3.0], dtype=torch.float64)
    slopes = []
    for more in (0, 7, 40):
        given = torch.cat([scores, torch.full((more,), -torch.inf, dtype=torch.float64)]).requires_grad_()
        standing(given, 0, 3).lead.sum().backward()
        slopes.append(given.grad[:9].tolist())
    assert slopes[0] == slopes[1] == slopes[2]
    assert slopes[0][4] == 1, "the third of the level ones in the order of the catalogue"


def test_between_scores_of_zero_nothing_is_left_to_rounding():
    found = standing(torch.zeros(4, dtype=torch.float64), 1, ranking=Ranking(1e-12, 0.0, None))
    assert (bool(found.out), bool(found.possibly_out), bool(found.within_rounding)) == (False, False, False)


@pytest.mark.parametrize(
    "filters", [[[True, False, True, False]], [[True, False, True, False], [False, True, True, True]]]
)
def test_filters_of_one_and_of_several_histories_hide_infinite_scores_too(filters):
    allowed = torch.tensor(filters), torch.tensor([0, len(filters) - 1])
    histories = HistoryBatch.of([[3], [3]], allowed=allowed)
    scores = torch.tensor([torch.inf, torch.inf, -torch.inf, 2.0]).double().expand(2, 1, 4)
    hidden = ~torch.tensor([filters[0], filters[-1]])[:, None]
    expected = scores.masked_fill(hidden, -torch.inf)
    assert torch.equal(only_competing(scores, histories, unchanged(histories), CandidateRule.ALL), expected)


def test_ties_are_counted_by_the_tolerance_and_without_the_item_itself():
    scores = torch.tensor([[3.0, 3.0, 2.9, 1.0, -torch.inf, torch.inf]]).double()
    target, tolerance = scores[:, :5], torch.tensor([[0.0, 0.2, 0.2, 1.95, 1.0]]).double()
    assert Ranking.tied(scores, target, tolerance).tolist() == [[1, 2, 2, 1, 0]]
