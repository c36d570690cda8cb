import numpy as np

from tests.benchmark.zoo.timed import timed_split
from topple.benchmark.zoo import rectools
from topple.benchmark.zoo.base import Effort
from topple.benchmark.zoo.interactions import sequences


def test_sessions_lose_no_item_and_share_the_one_at_which_they_are_cut(monkeypatch):
    monkeypatch.setattr(rectools, "LONGEST", 5)
    split = timed_split()
    sessions, items, places = rectools._sessions(split, Effort())
    users = sessions // (1 + len(split.catalogue) // 5)
    met = set()
    for session in np.unique(sessions):
        mine = sessions == session
        first, length = places[mine].min(), mine.sum()
        assert first % 5 == 0
        assert length <= 6
        assert sorted(places[mine]) == list(range(first, first + length))
        if length > 1:  # one item alone has no next one, and RecTools leaves it out
            met |= set(zip(users[mine].tolist(), items[mine].tolist(), places[mine].tolist(), strict=True))
    assert met == set(zip(*(part.tolist() for part in sequences(split, Effort())), strict=True))
