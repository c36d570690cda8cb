import numpy as np

from topple.compiled import compiled


@compiled
def total(values):
    out = 0.0
    for value in values:
        out += value
    return out


def test_sums_are_added_up_in_order_to_the_bit():
    values = np.random.default_rng(0).normal(size=1001) * 10.0 ** np.arange(-500, 501).clip(-8, 8)
    assert total(values) == sum(values.tolist(), 0.0)
