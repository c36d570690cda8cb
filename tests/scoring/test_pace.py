import time

import pytest
import torch

from topple.scoring.memory import in_chunks
from topple.scoring.pace import Pace, TimeIsUpError, current_pace, go_on, in_time, paced


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", clock)
    return clock


def test_the_first_call_holds_one_history_and_later_ones_what_the_time_allows(clock):
    pace = Pace(ends=101.0)
    assert pace.histories(500) == 1
    pace.took(1, 0.001)
    assert pace.histories(500) == 8  # not 500: one history tells little of many
    pace.took(8, 0.008)
    assert pace.histories(500) == 64
    assert pace.histories(3) == 3
    pace.took(64, 6.4)
    assert pace.histories(500) == 5  # a tenth of a second each, half of the second that is left
    clock.now = 100.94
    assert pace.histories(500) == 1
    clock.now = 100.96  # less than half of what a history takes
    with pytest.raises(TimeIsUpError):
        pace.histories(1)


def test_chunks_keep_the_pace_only_where_their_rows_score_histories(clock):
    def ask(done):
        def work(rows):
            done.append(rows.stop - rows.start)
            clock.now += 0.1 * (rows.stop - rows.start)

        return work

    free, kept = [], []
    with paced(Pace(ends=101.0, a_history=0.05)):
        in_chunks(20, 20, ask(free))
    clock.now = 100.0
    with paced(Pace(ends=101.0, a_history=0.05)), pytest.raises(TimeIsUpError):
        in_chunks(20, 20, ask(kept), histories=2)
    assert free == [20]
    assert kept[0] == 4  # 8 histories, as no call held more than one
    assert clock.now - 100.0 <= 1.1
    assert current_pace() is None


def test_columns_of_a_table_are_taken_as_the_time_allows(clock):
    cells = torch.arange(40).view(2, 20)
    assert [part.shape[1] for part in in_time(cells)] == [20]
    with paced(Pace(ends=101.0, a_history=0.1, most=100)):
        assert next(iter(in_time(cells))).tolist() == [[0, 1], [20, 21]]


def test_without_a_deadline_everything_goes_on(clock):
    go_on()
    with paced(Pace(ends=100.0)), pytest.raises(TimeIsUpError):
        go_on()
    with paced(Pace(ends=100.0)), paced(None):
        go_on()
