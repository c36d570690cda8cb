import numpy as np

from tests.benchmark.zoo.timed import timed_split
from topple.benchmark.zoo.base import Effort
from topple.benchmark.zoo.interactions import by_item, seen, sequences


def test_sequences_are_in_the_order_of_time_and_equal_times_in_one_that_is_drawn():
    split = timed_split()
    users, items, places = sequences(split, Effort())
    assert (np.diff(items) >= 0).all()
    for user, name in enumerate(split.train_users.ids):
        mine = users == user
        found = split.catalogue.vocabulary.decode(items[mine][np.argsort(places[mine])])
        assert sorted(places[mine]) == list(range(mine.sum()))
        assert found[2:] == split.history(name)[2:]
        assert set(found[:2]) == set(split.history(name)[:2])  # of one time
    other = sequences(split, Effort(seed=1))[2]
    assert 0 < (other != places).sum() <= 2 * len(split.train_users)


def test_values_of_interactions_follow_them_into_the_order_of_the_items():
    train = timed_split().train
    people = np.repeat(np.arange(train.shape[0]), np.diff(train.indptr))
    users, items = seen(train)
    assert (by_item(train, people * 100 + train.indices) == users * 100 + items).all()
