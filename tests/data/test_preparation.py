from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.prepared import interactions, options, parts, sixty_users, split_of, timed_table, worlds
from topple.data.preparation import Preparation, prepare
from topple.data.reading import read_interactions
from topple.errors import DataError, SettingsError, UnknownIdError


@given(worlds(), st.integers(0, 3), st.sampled_from([0.2, 0.5, 0.9]))
@settings(max_examples=60, deadline=None)
def test_every_kept_interaction_lands_in_exactly_one_part(rows, seed, share):
    split = split_of(rows, seed=seed, held_out_share=share)
    lengths = {}
    for user, _, rating in rows:
        lengths[user] = lengths.get(user, 0) + (rating > 1.5)
    known = set(split.catalogue.vocabulary.ids)
    expected = {(u, i) for u, i, rating in rows if rating > 1.5 and lengths[u] >= 3 and i in known}
    found = parts(split)
    assert set.union(*found.values()) == expected
    assert sum(map(len, found.values())) == len(expected)
    assert known == {item for _, item in found["train"]}


@given(worlds(), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_users_belong_to_one_part_each_and_none_is_lost(rows, seed):
    split = split_of(rows, seed=seed)
    groups = [set(split.train_users.ids), set(split.validation.users.ids), set(split.test.users.ids)]
    assert sum(map(len, groups)) == len(set.union(*groups))
    lengths = {}
    for user, _, rating in rows:
        lengths[user] = lengths.get(user, 0) + (rating > 1.5)
    kept = {user for user, length in lengths.items() if length >= 3}
    lost = kept - set.union(*groups)
    known = set(split.catalogue.vocabulary.ids)
    assert not {i for u, i, rating in rows if u in lost and rating > 1.5} & known
    assert len(groups[0]) == len(kept) - 2 * max(1, len(kept) // 10)


@given(worlds(), st.sampled_from([0.05, 0.2, 0.5, 0.99]))
@settings(max_examples=40, deadline=None)
def test_held_out_users_have_something_to_predict_and_something_to_predict_it_from(rows, share):
    split = split_of(rows, held_out_share=share)
    for held in (split.validation, split.test):
        fold_in, held_out = np.diff(held.fold_in.indptr), np.diff(held.held_out.indptr)
        lengths = fold_in + held_out
        assert (fold_in >= 1).all()
        expected = np.clip((share * lengths).astype(int), 1, lengths - 1)
        assert held_out.tolist() == np.where(lengths >= 3, expected, 0).tolist()


@given(worlds(), st.randoms(), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_rows_does_not_matter(rows, random, seed):
    split = split_of(rows, seed=seed)
    order = random.sample(range(len(rows)), len(rows))
    again = prepare(interactions(rows, order=order), options(seed=seed))
    assert parts(again) == parts(split)
    assert again.catalogue.vocabulary == split.catalogue.vocabulary


@given(worlds())
@settings(max_examples=30, deadline=None)
def test_ids_as_integers_or_as_text_of_the_same_order_give_the_same_split(rows):
    split = split_of(rows)
    texts = parts(prepare(interactions(rows, text=True), options()))
    assert texts == {part: {(f"id-{u}", f"id-{i}") for u, i in found} for part, found in parts(split).items()}


@pytest.fixture
def rows():
    return sixty_users()


def test_the_same_seed_gives_the_same_split_and_another_seed_another(rows):
    one, again, other = (prepare(interactions(rows), Preparation(seed=seed)) for seed in (1, 1, 2))
    assert parts(one) == parts(again)
    assert set(one.test.users.ids) != set(other.test.users.ids)


def test_every_user_can_be_held_out(rows):
    held = set()
    for seed in range(60):
        split = prepare(interactions(rows), Preparation(seed=seed, positive_above=None, held_out_users=10))
        assert len(split.test.users) == len(split.validation.users) == 10
        held |= set(split.test.users.ids)
    assert held == set(range(60))


def test_every_position_of_a_history_can_be_held_out(rows):
    first, last = 0, 0
    for seed in range(40):
        split = prepare(interactions(rows), Preparation(seed=seed, positive_above=None))
        for user in range(len(split.test.users)):
            out, kept = split.test.held_out[user].indices, split.test.fold_in[user].indices
            first += min(out) < min(kept)
            last += max(out) > max(kept)
    assert first > 10
    assert last > 10


def test_the_defaults_are_those_of_the_published_preparation():
    assert Preparation().model_dump(exclude={"seed"}) == {
        "positive_above": 3.5,
        "ratings_as_weights": False,
        "min_items": 5,
        "held_out_users": None,
        "held_out_share": 0.2,
    }


def test_matrices_are_binary_and_sparse(rows):
    split = prepare(interactions(rows))
    for matrix in (split.train, split.test.fold_in, split.test.held_out):
        assert matrix.dtype == np.float32
        assert set(matrix.data) == {1.0}
        assert matrix.shape[1] == len(split.catalogue)


class TestRefusals:
    def test_a_user_with_one_item_cannot_be_split(self, rows):
        with pytest.raises(DataError, match=r"min_items=1: a user with one item cannot be split.* Use 2 or more"):
            prepare(interactions(rows), Preparation(min_items=1))

    def test_only_short_users(self):
        with pytest.raises(DataError, match=r"min_items=5: no user has as many interactions \(the most is 2\)"):
            prepare(interactions([(1, 1, 5), (1, 2, 5), (2, 1, 5)]))

    def test_a_threshold_above_every_rating(self, rows):
        with pytest.raises(DataError, match=r"positive_above=9: no rating is above it"):
            prepare(interactions(rows), Preparation(positive_above=9))

    @pytest.mark.parametrize("count", [30, 1000])
    def test_too_many_held_out_users(self, rows, count):
        with pytest.raises(DataError, match=rf"held_out_users={count}: .* of 60 users and leave none to train on"):
            prepare(interactions(rows), Preparation(positive_above=None, held_out_users=count))

    def test_too_few_users_to_hold_any_out(self):
        two = [(user, item, 5) for user in (1, 2) for item in range(6)]
        with pytest.raises(DataError, match=r"held_out_users=1: validation and test would take 2 of 2 users"):
            prepare(interactions(two))

    @pytest.mark.parametrize("build", [Preparation.parse, lambda values: Preparation(**values)])
    def test_unknown_and_impossible_settings(self, build):
        with pytest.raises(
            SettingsError, match=r"'min_item' is not a setting of Preparation: .* Did you mean 'min_items'"
        ):
            build({"min_item": 5})
        for key, value in (("held_out_share", 1.0), ("held_out_share", 0), ("min_items", 0), ("held_out_users", 0)):
            with pytest.raises(SettingsError, match=f"{key}={value}"):
                build({key: value})


def test_items_that_no_training_user_met_leave_and_so_does_a_user_of_only_those():
    together = [(user, item, 5) for user in range(9) for item in range(6)]
    alone = [(9, item, 5) for item in range(100, 106)]
    for seed in range(40):
        split = prepare(interactions(together + alone), Preparation(seed=seed))
        held = set(split.validation.users.ids) | set(split.test.users.ids)
        if 9 in split.train_users:
            assert len(split.catalogue) == 12
            assert len(held) == 2
        else:
            assert len(split.catalogue) == 6
            assert len(held) == 1
            with pytest.raises(UnknownIdError, match=r"unknown user id 9.* Choose one, such as"):
                split.history(9)


class TestTimeOrder:
    """User 1 meets items 4, 3, 2, ... one a day; user 2 the other way round; and so on."""

    @staticmethod
    def users(split):
        return [user for held in (split.train_users, split.validation.users, split.test.users) for user in held.ids]

    def test_histories_come_oldest_first(self):
        split = prepare(read_interactions(timed_table(), timestamp="when"))
        for user in self.users(split):
            history = list(split.history(user))
            assert len(history) > 4
            assert history == sorted(history, reverse=user % 2 == 0)

    def test_timestamps_change_nothing_but_the_order(self):
        table = timed_table()
        plain, timed = prepare(read_interactions(table)), prepare(read_interactions(table, timestamp="when"))
        assert parts(plain) == parts(timed)
        assert plain.describe() == timed.describe()
        assert plain.catalogue.fingerprint == timed.catalogue.fingerprint
        assert (plain.times, plain.test.times, plain.validation.times) == (None, None, None)
        for user in self.users(plain):
            assert list(plain.history(user)) == sorted(timed.history(user))

    def test_equal_times_stand_in_the_order_of_the_catalogue(self):
        table = timed_table()
        still = table.set_column(2, "when", pa.array([7.0] * len(table)))
        split = prepare(read_interactions(still, timestamp="when"))
        for user in self.users(split):
            assert list(split.history(user)) == sorted(split.history(user))


def test_a_threshold_is_for_ratings_and_never_for_weights(rows):
    found = interactions(rows)
    weights = np.where(np.arange(len(found)) % 2, 1.0, 2.0)
    without = replace(found, ratings=None, weights=weights)
    assert prepare(without).train.nnz == prepare(replace(found, ratings=None)).train.nnz
    assert set(prepare(without).train.data) == {1, 2}


class TestRatingsAsWeights:
    def test_ratings_above_the_threshold_keep_their_value(self, rows):
        found = interactions(rows)
        split = prepare(found, Preparation(ratings_as_weights=True))
        assert set(split.train.data) == {rating for rating in set(found.ratings) if rating > 3.5}

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (lambda found: {"ratings": None}, "it has none"),
            (lambda found: {"weights": found.ratings + 1}, "it has weights already"),
            (lambda found: {"ratings": found.ratings - 9}, "the lowest is .*, and a weight is above 0"),
        ],
    )
    def test_ratings_that_cannot_be(self, rows, change, why):
        found = interactions(rows)
        with pytest.raises(DataError, match=f"ratings_as_weights: .* cannot be weights: {why}"):
            prepare(replace(found, **change(found)), Preparation(ratings_as_weights=True))
