import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from topple.errors import RecommenderError
from topple.records.question import CandidateRule
from topple.scoring.ranking import TOLERANCE, exclude, lead, outranks, rank, top_k
from topple.scoring.variations import HistoryBatch, unchanged, without

BEFORE, AFTER = CandidateRule.UNSEEN_BEFORE, CandidateRule.UNSEEN_AFTER


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
    ranks = rank(scores.expand(len(scores), -1), scores)
    assert int(ranks.min()) == 1
    assert int(ranks.max()) <= len(scores)


@given(tied_scores())
def test_an_item_of_the_top_k_has_a_rank_of_at_most_its_place(drawn):
    scores, k = drawn
    listed = top_k(torch.from_numpy(scores), k)
    ranks = rank(torch.from_numpy(scores).expand(k, -1), torch.from_numpy(scores)[listed])
    assert (ranks <= torch.arange(1, k + 1)).all()


@given(tied_scores())
def test_an_item_with_a_rank_above_k_is_not_in_the_top_k(drawn):
    scores, k = drawn
    ranks = rank(torch.from_numpy(scores).expand(len(scores), -1), torch.from_numpy(scores))
    assert not set((ranks > k).nonzero()[:, 0].tolist()) & set(top_k(torch.from_numpy(scores), k).tolist())


@given(st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_ranks_move_with_the_items_when_these_are_permuted(values, random):
    scores = torch.tensor(values, dtype=torch.float64)
    order = list(range(len(values)))
    random.shuffle(order)
    ranks = rank(scores.expand(len(values), -1), scores)
    turned = rank(scores[order].expand(len(values), -1), scores[order])
    assert turned.tolist() == ranks[order].tolist()


def test_ties_speak_for_the_target():
    assert rank(torch.tensor([3.0, 3.0, 3.0, 4.0]), torch.tensor(3.0)).item() == 2


@pytest.mark.parametrize("level", [1e-3, 1.0, -1.0, 1e6])
def test_a_difference_within_the_tolerance_is_a_tie_and_one_beyond_it_is_not(level):
    target = torch.tensor(level, dtype=torch.float64)
    near, far = target + abs(level) * TOLERANCE * 0.9, target + abs(level) * TOLERANCE * 1.1
    assert outranks(torch.stack([near, far]), target).tolist() == [False, True]


def test_the_answer_is_the_same_in_float32_and_float64_for_scores_that_only_rounding_tells_apart():
    exact = torch.tensor([10.0 + 1e-7, 10.0 - 1e-7, 12.0, 10.0], dtype=torch.float64)
    assert rank(exact, exact[3]).item() == rank(exact.float(), exact.float()[3]).item() == 2


def test_minus_infinity_never_outranks_and_is_outranked_by_every_number():
    scores = torch.tensor([-torch.inf, 1.0, 2.0])
    assert rank(scores, torch.tensor(-5.0)).item() == 3
    assert rank(scores, torch.tensor(3.0)).item() == 1
    assert rank(scores, torch.tensor(-torch.inf)).item() == 3


def test_plus_infinity_outranks_every_number():
    assert rank(torch.tensor([torch.inf, 1.0]), torch.tensor(1.0)).item() == 2


def test_a_list_longer_than_the_numbers_ends_with_minus_infinity_in_order():
    assert top_k(torch.tensor([-torch.inf, 1.0, -torch.inf]), 3).tolist() == [1, 0, 2]


def test_exclude_under_both_rules_hides_the_history_or_only_what_was_kept_of_it():
    batch = HistoryBatch.of([[1, 3], [2]])
    removed = torch.tensor([[[False, False], [True, False]], [[False, False], [True, False]]])
    keep, scores = without(batch, removed), torch.arange(20.0).reshape(2, 2, 5)
    before = torch.isinf(exclude(scores.clone(), batch, keep, BEFORE)).nonzero().tolist()
    after = torch.isinf(exclude(scores.clone(), batch, keep, AFTER)).nonzero().tolist()
    assert before == [[0, 0, 1], [0, 0, 3], [0, 1, 1], [0, 1, 3], [1, 0, 2], [1, 1, 2]]
    assert after == [[0, 0, 1], [0, 0, 3], [0, 1, 3], [1, 0, 2]]


def test_exclude_does_not_hide_the_item_that_padding_points_at():
    batch = HistoryBatch.of([[1, 3], [2]])
    scores = torch.ones(2, 1, 5)
    assert torch.isfinite(exclude(scores, batch, unchanged(batch), BEFORE)[1, 0, 0])


def test_exclude_copes_with_scores_that_share_their_memory():
    batch = HistoryBatch.of([[1, 3], [2]])
    scores = torch.ones(5).expand(2, 1, 5)
    assert torch.isinf(exclude(scores, batch, unchanged(batch), BEFORE)).sum(-1).tolist() == [[2], [1]]
    assert torch.equal(scores, torch.ones(2, 1, 5))


def test_exclude_does_hide_item_0_when_it_is_in_the_history():
    batch = HistoryBatch.of([[0], [1, 2]])
    hidden = exclude(torch.ones(2, 1, 3), batch, unchanged(batch), BEFORE)
    assert torch.isinf(hidden[:, 0]).tolist() == [[True, False, False], [False, True, True]]


def test_nan_is_refused_with_the_place_and_what_to_do():
    batch = HistoryBatch.of([[1], [2, 3]])
    scores = torch.zeros(2, 1, 5)
    scores[1, 0, 4] = torch.nan
    with pytest.raises(
        RecommenderError, match=r"item index 4 is NaN for history 1, variation 0 \(2 items kept\).*Check"
    ):
        exclude(scores, batch, unchanged(batch), BEFORE)


def test_which_of_level_competitors_has_the_gradient_does_not_depend_on_how_many_more_there_are():
    scores = torch.tensor([0.0, 3.0, 1.0, 3.0, 3.0, 3.0, 2.0, 3.0, 3.0], dtype=torch.float64)
    slopes = []
    for more in (0, 7, 40):
        given = torch.cat([scores, torch.full((more,), -torch.inf, dtype=torch.float64)]).requires_grad_()
        lead(given, torch.tensor([0]), torch.tensor([3])).sum().backward()
        slopes.append(given.grad[:9].tolist())
    assert slopes[0] == slopes[1] == slopes[2]
    assert slopes[0][4] == 1, "the third of the level ones in the order of the catalogue"
