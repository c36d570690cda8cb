import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explainers.brute_force import MODELS
from topple import explain_queries
from topple.explainers.search import memo as memory
from topple.explainers.search.memo import Memo
from topple.testing.worlds import listed_queries

PLACES = 4


def margin(row, sets):
    """A number that tells every pair of a history and a set apart."""
    places = sets.shape[-1]
    return ((row << places) + (sets * (1 << torch.arange(places))).sum(-1)).double()[:, None]


def fresh(factors=None, places=PLACES):
    memo = Memo(places, 1, torch.zeros(0, dtype=torch.float64))
    if factors is not None:
        memo._factors = torch.full_like(memo._factors, factors)
    return memo


def calls(places):
    some = st.lists(st.sampled_from([False, False, False, True]), min_size=places, max_size=places)
    return st.lists(st.lists(st.tuples(st.integers(0, 3), some), max_size=9), max_size=8)


@pytest.mark.parametrize("rows", [slice(1, 2), slice(1, 3), slice(0, 0)])
def test_sets_may_be_a_part_of_a_wider_table(rows):
    table, memo = torch.rand(3, 33) > 0.5, fresh(places=8)
    part, number = table[rows, 3:11], torch.arange(3)[rows]
    at, new = memo.look_up(number, part)
    memo.keep(at[new], margin(number, part))
    assert memo.read(memo.look_up(number, part.contiguous())[0]).equal(margin(number, part))


@pytest.mark.parametrize("factors", [None, 0, 1], ids=["keys", "all keys collide", "some keys collide"])
@pytest.mark.parametrize("most", [100_000, 7])
@pytest.mark.parametrize("places", [PLACES, 19])
def test_a_set_gets_its_own_margin_whatever_was_asked_before(factors, most, places, monkeypatch):
    monkeypatch.setattr(memory, "REMEMBERED", most)

    @settings(deadline=None, max_examples=60)
    @given(calls(places))
    def holds(asked):
        memo = fresh(factors, places)
        for pairs in asked:
            row = torch.tensor([row for row, _ in pairs], dtype=torch.int64)
            sets = torch.tensor([some for _, some in pairs], dtype=torch.bool).reshape(-1, places)
            at, new = memo.look_up(row, sets)
            memo.keep(at[new], margin(row[new], sets[new]))
            assert torch.equal(memo.read(at), margin(row, sets))

    holds()


def test_small_sets_have_keys_of_their_own():
    one = torch.eye(100, dtype=torch.bool)
    both = (one[:, None] | one)[torch.ones(100, 100).triu().bool()]  # singles and pairs
    memo = fresh(places=100)
    for row in range(3):
        memo.look_up(torch.full((len(both),), row), both)
    assert len(memo._at) == 3 * len(both)


def test_what_is_held_is_not_new_until_it_is_forgotten(monkeypatch):
    memo, row = fresh(), torch.tensor([0, 0, 1, 0])
    sets = torch.eye(PLACES, dtype=torch.bool)[[0, 1, 0, 0]]
    at, new = memo.look_up(row, sets)
    assert new.tolist() == [0, 1, 2]  # the fourth is the first again
    memo.keep(at[new], margin(row[new], sets[new]))
    assert memo.look_up(row, sets)[1].tolist() == []
    monkeypatch.setattr(memory, "REMEMBERED", 5)
    assert memo.look_up(row, sets)[1].tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["greedy", "auto"])
@pytest.mark.parametrize("change", ["collide", "forget"])
def test_searches_answer_the_same_when_keys_collide_or_sets_are_forgotten(name, change, monkeypatch):
    model = MODELS[3]
    asked = listed_queries(model, seed=3)

    def ask():
        found = explain_queries(model, asked, explainer=name, progress=False)
        return [(e.status, e.items, e.proof, e.cost) for e in found]

    expected = ask()
    if change == "forget":
        monkeypatch.setattr(memory, "REMEMBERED", 3)
    else:
        monkeypatch.setattr(torch, "randint", lambda *a, **_: torch.zeros(a[2], dtype=torch.int64))
    assert ask() == expected
