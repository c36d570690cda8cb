from dataclasses import replace

import numpy as np
import pytest

import topple
from tests.data.prepared import interactions, parts, sixty_users, timed_table
from topple.data.preparation import Preparation, prepare
from topple.data.reading import read_interactions
from topple.errors import DataError, UnknownIdError


@pytest.fixture
def rows():
    return sixty_users()


def test_describe_counts_the_parts(rows):
    split = prepare(interactions(rows))
    described, found = split.describe(), parts(split)
    assert described["train"] == {"users": len(split.train_users), "interactions": len(found["train"])}
    assert described["test"] == {
        "users": len(split.test.users),
        "with_history": len({user for user, _ in found["test_tr"]}),
        "fold_in": len(found["test_tr"]),
        "held_out": len(found["test_te"]),
    }


class TestHistories:
    def test_the_history_of_a_held_out_user_is_the_fold_in_and_of_a_training_user_all(self, rows):
        split = prepare(interactions(rows))
        found = parts(split)
        for users, part in (
            (split.train_users, "train"),
            (split.validation.users, "validation_tr"),
            (split.test.users, "test_tr"),
        ):
            for user in users.ids:
                assert {(user, item) for item in split.history(user)} == {p for p in found[part] if p[0] == user}

    def test_by_default_they_are_those_of_the_test_users_in_order(self, rows):
        split = prepare(interactions(rows))
        assert tuple(split.histories()) == split.test.users.ids
        assert tuple(split.histories(limit=2)) == split.test.users.ids[:2]
        assert split.histories([split.train_users.ids[3]]) == {
            split.train_users.ids[3]: split.history(split.train_users.ids[3])
        }

    def test_an_unknown_user_names_the_counts_and_an_example(self, rows):
        split = prepare(interactions(rows))
        example = split.test.users.ids[0]
        for user in ("nobody", 999, True, str(example)):
            with pytest.raises(
                UnknownIdError,
                match=rf"unknown user id {user!r}: not among .* such as {example}.*too few.*--min-items",
            ):
                split.history(user)


class TestTrainingHistories:
    def test_are_what_was_trained_on(self, rows):
        split = prepare(interactions(rows))
        found = {(user, item) for user, history in split.training_histories().items() for item in history}
        assert found == parts(split)["train"]
        assert tuple(split.training_histories()) == split.train_users.ids
        assert tuple(split.training_histories(limit=2)) == split.train_users.ids[:2]
        users = split.train_users.ids[5:3:-1]
        assert split.training_histories(users) == split.histories(users)

    def test_leave_out_users_without_one(self, rows):
        split = prepare(interactions(rows))
        first, second = split.train_users.ids[:2]
        fewer = split.without(first, split.history(first))
        assert tuple(fewer.training_histories(limit=1)) == (second,)

    def test_are_of_training_users_only(self, rows):
        split = prepare(interactions(rows))
        with pytest.raises(UnknownIdError, match=rf"unknown user id {split.test.users.ids[0]}: not among the"):
            split.training_histories([split.train_users.ids[0], split.test.users.ids[0]])


class TestWithout:
    @pytest.mark.parametrize("number", [0, 7, -1])
    @pytest.mark.parametrize("part", [slice(1), slice(1, 3), slice(None)])
    def test_the_named_interactions_of_a_user_leave_and_all_else_stays(self, rows, number, part):
        split = prepare(interactions(rows))
        user, before = split.train_users.ids[number], parts(split)
        gone = split.history(user)[part]
        fewer = split.without(user, gone)
        assert parts(fewer) == {**before, "train": before["train"] - {(user, item) for item in gone}}
        assert parts(split) == before
        assert fewer.train.shape == split.train.shape
        assert fewer.train.dtype == np.float32
        assert (fewer.catalogue, fewer.train_users, fewer.test) == (split.catalogue, split.train_users, split.test)

    def test_times_stay_with_their_interactions(self):
        split = prepare(read_interactions(timed_table(), timestamp="when"))
        user = split.train_users.ids[4]
        history = split.history(user)
        fewer = split.without(user, history[1:3])
        assert fewer.history(user) == history[:1] + history[3:]
        for other in split.train_users.ids[5:]:
            assert fewer.history(other) == split.history(other)

    def test_what_is_not_there_cannot_leave(self, rows):
        split = prepare(interactions(rows))
        user = split.train_users.ids[0]
        stranger = next(item for item in split.catalogue.vocabulary.ids if item not in split.history(user))
        with pytest.raises(
            DataError, match=f"user {user} has no training interaction with item {stranger}. Name items"
        ):
            split.without(user, [stranger])
        with pytest.raises(UnknownIdError, match="unknown user id"):
            split.without(split.test.users.ids[0], [stranger])


def test_the_fingerprint_names_the_data():
    split = topple.load_split("generated")
    assert split.fingerprint == topple.load_split("generated").fingerprint
    turned = replace(split, test=replace(split.test, fold_in=split.test.fold_in[::-1]))
    user = split.train_users.ids[0]
    fewer = split.without(user, split.history(user)[:1])
    others = [
        topple.load_split("generated", seed=2),
        turned,
        fewer,
        replace(split, times=np.arange(split.train.nnz) * 1.0),
    ]
    assert len({data.fingerprint for data in [split, *others]}) == 5
    assert replace(split, name="another").fingerprint == split.fingerprint


class TestWeights:
    @pytest.fixture
    def split(self, rows):
        found = interactions(rows)
        weights = (found.user_index * 7 + found.item_index * 3) % 5 + 0.5
        return prepare(replace(found, weights=weights.astype(np.float64)), Preparation(positive_above=None))

    def test_the_weight_of_an_event_is_the_one_that_was_read(self, split, rows):
        found = interactions(rows)
        told = (found.user_index * 7 + found.item_index * 3) % 5 + 0.5
        users, items = found.users.decode(found.user_index), found.catalogue.vocabulary.decode(found.item_index)
        weights = dict(zip(zip(users, items, strict=True), told.tolist(), strict=True))
        for histories in (split.histories(), split.training_histories()):
            for user, history in histories.items():
                assert history.weights == tuple(weights[user, item] for item in history)

    def test_what_must_be_predicted_has_no_weights(self, split):
        assert set(split.test.held_out.data) == {1}

    def test_the_same_split_without_weights(self, split, rows):
        plain = prepare(interactions(rows), Preparation(positive_above=None))
        assert split.weighted
        assert not plain.weighted
        assert plain.unweighted() is plain
        assert split.unweighted().fingerprint == plain.fingerprint != split.fingerprint
        assert {history.weights for history in plain.histories().values()} == {()}
        assert split.describe()["weights"] == [0.5, 4.5]
        assert "weights" not in plain.describe()

    def test_an_interaction_that_is_taken_out_takes_its_weight_along(self, split):
        (user, history), *_ = split.training_histories().items()
        fewer = split.without(user, history[:1])
        assert fewer.history(user) == history[1:]
        assert fewer.history(user).weights == history[1:].weights
