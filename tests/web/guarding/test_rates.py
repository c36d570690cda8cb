"""A bucket for each client, filled at the rate."""

from topple.web.guarding.rates import REMEMBERED, Rates


def test_a_burst_passes_and_then_the_rate_counts():
    now = [0.0]
    rates = Rates(3, lambda: now[0])
    assert [rates.wait("a", 2.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert rates.wait("b", 2.0) == 0
    now[0] = 0.5
    assert [rates.wait("a", 2.0), rates.wait("a", 2.0)] == [0, 0.5]
    now[0] = 100
    assert [rates.wait("a", 2.0) for _ in range(4)] == [0, 0, 0, 0.5]


def test_without_a_rate_nothing_is_counted():
    rates = Rates(1)
    assert [rates.wait("a", None) for _ in range(9)] == [0] * 9


def test_only_so_many_clients_are_remembered():
    rates = Rates(1, lambda: 0.0)
    for client in range(REMEMBERED + 5):
        rates.wait(str(client), 1.0)
    assert len(rates._buckets) == REMEMBERED
    assert rates.wait("0", 1.0) == 0  # forgotten
    assert rates.wait(str(REMEMBERED), 1.0) == 1
