"""No claim about a history whose events all have weights, most of them different, is false by brute force."""

import pytest

from tests.oracle import asking
from tests.oracle.worlds import draw_world

WEIGHTS = (0.25, 0.5, 1, 2, 3, 7, 30)
WORLDS = range(2000, 2032)
USED = {"ease", "item-knn", "als", "mult-vae", "mult-dae", "callable"}


def asked(weights, worlds):
    """Return the tally of worlds whose histories have these weights."""
    draw = asking.draw_history

    def weighted(random, items):
        history, _ = draw(random, items)
        return history, tuple(float(weight) for weight in random.choice(weights, len(history)))

    tally = asking.Tally()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(asking, "draw_history", weighted)
        for number in worlds:
            tally.add(asking.ask(7, number))
    return tally


@pytest.fixture(scope="module")
def total():
    return asked(WEIGHTS, WORLDS)


@pytest.mark.parametrize(("name", "weights"), [("als", (1e5, 1e6)), ("ease", (1e7, 1e9)), ("item-knn", (1e7, 1e9))])
def test_no_claim_is_false_where_weights_are_far_apart(name, weights):
    """ALS refuses many a history of such worlds whose weights are farther apart."""
    worlds = [number for number in range(2000, 2040) if draw_world(7, number)[0].model.name == name][:4]
    tally = asked((1, 3, *weights), worlds)
    assert not tally.false, tally.by_kind
    assert tally.counts["minimum"] > 100


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
