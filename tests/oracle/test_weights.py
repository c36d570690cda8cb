"""No claim about a history whose events all have weights, most of them different, is false by brute force."""

import pytest

from tests.oracle import asking
from tests.oracle.worlds import draw_world

WEIGHTS = (0.25, 0.5, 1, 2, 3, 7, 30)
WORLDS = range(2000, 2032)
USED = {"ease", "item-knn", "als", "mult-vae", "mult-dae", "callable"}


@pytest.fixture(scope="module")
def total():
    draw = asking.draw_history

    def weighted(random, items):
        history, _ = draw(random, items)
        return history, tuple(float(weight) for weight in random.choice(WEIGHTS, len(history)))

    tally = asking.Tally()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(asking, "draw_history", weighted)
        for number in WORLDS:
            tally.add(asking.ask(7, number))
    return tally


def test_no_claim_is_false(total):
    told = "\n".join(f"{kind}: {what}\n  {where}\n  {query}" for kind, what, where, query, _ in total.false[:5])
    assert not total.false, f"{total.by_kind}\n{told}"


def test_enough_was_asked_of_models_that_use_weights_and_of_others(total):
    assert total.counts["queries"] > 1500
    assert total.counts["minimum"] > 700
    assert total.counts["impossible"] > 100
    models = [draw_world(7, number)[0].model for number in WORLDS]
    assert {model.name.split(":")[0] for model in models if model.uses_weights} == USED
    assert not all(model.uses_weights for model in models)
