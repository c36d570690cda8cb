import importlib.util
import sys

import numpy as np
import pandas as pd
import pytest
import torch

import topple
from topple.benchmark import zoo
from topple.benchmark.zoo import ZOO, Effort

pytestmark = pytest.mark.filterwarnings("ignore")
EASES = [name for name in ZOO if name.endswith(":ease")]
SEQUENCES = [name for name in ZOO if name.endswith(":sasrec")]
DEFAULT = Effort()


@pytest.fixture(scope="module")
def split():
    return topple.load_split("generated")


def trained(name, split, effort=DEFAULT):
    library = name.partition(":")[0]
    if library not in ("callable", "torch") and importlib.util.find_spec(library) is None:
        with pytest.raises(topple.ToppleError, match=f"{library} cannot be imported .*Install it"):
            ZOO[name](split, effort)
        pytest.skip(f"{library} is not installed here")
    return ZOO[name](split, effort)


@pytest.mark.parametrize("name", ZOO)
def test_every_model_speaks_of_the_splits_items_and_knows_something(split, name):
    model = trained(name, split)
    assert model.name.partition(":")[0] in (name.partition(":")[0], "implicit")
    assert model.catalogue.fingerprint == split.catalogue.fingerprint
    assert topple.held_out_quality(model, split.test)["ndcg_100"] > 0.2


@pytest.mark.parametrize("name", EASES)
def test_the_columns_of_every_library_are_those_of_the_split(split, name):
    model, native = trained(name, split), topple.fit(split, "ease", progress=False)
    # RecTools ranks by the other side of B, see its adapter
    close = 0.02 if name.startswith("rectools") else 1e-4
    own, its = (topple.held_out_quality(each, split.test)["ndcg_100"] for each in (native, model))
    assert its == pytest.approx(own, abs=close)


def test_training_draws_by_the_seed_and_leaves_the_others_draws(split):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    short = {"max_minutes": 1e-6}
    prints = [trained("torch:autoencoder", split, Effort(seed=seed, **short)).fingerprint for seed in (1, 1, 2)]
    assert torch.rand(1) == expected
    assert prints[0] == prints[1] != prints[2]


def test_a_training_keeps_its_time_limit(split):
    whole, short = (trained("torch:autoencoder", split, Effort(minutes)) for minutes in (None, 1e-6))
    quality = [topple.held_out_quality(model, split.test)["ndcg_100"] for model in (whole, short)]
    assert quality[0] > quality[1] + 0.02


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequence_models_draw_by_the_seed_and_keep_their_time_limit(split, name):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    models = [trained(name, split, Effort(1e-6, seed)) for seed in (1, 1, 2)]
    assert torch.rand(1) == expected
    assert models[0].fingerprint == models[1].fingerprint != models[2].fingerprint
    assert topple.Capability.ORDER_AWARE in models[0].capabilities
    assert topple.held_out_quality(models[0], split.test)["ndcg_100"] < 0.23  # a whole training reaches 0.25


def test_sequences_are_in_the_order_of_time_and_equal_times_in_one_that_is_drawn():
    split = timed_split()
    users, items, places = zoo._sequences(split, DEFAULT)
    assert (np.diff(items) >= 0).all()
    for user, name in enumerate(split.train_users.ids):
        mine = users == user
        found = split.catalogue.vocabulary.decode(items[mine][np.argsort(places[mine])])
        assert sorted(places[mine]) == list(range(mine.sum()))
        assert found[2:] == split.history(name)[2:]
        assert set(found[:2]) == set(split.history(name)[:2])  # of one time
    other = zoo._sequences(split, Effort(seed=1))[2]
    assert 0 < (other != places).sum() <= 2 * len(split.train_users)


def test_sessions_lose_no_item_and_share_the_one_at_which_they_are_cut(monkeypatch):
    monkeypatch.setattr(zoo, "LONGEST", 5)
    split = timed_split()
    sessions, items, places = zoo._sessions(split, DEFAULT)
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
    assert met == set(zip(*(part.tolist() for part in zoo._sequences(split, DEFAULT)), strict=True))


def timed_split():
    random = np.random.default_rng(0)
    rows = [
        (f"u{user}", f"i{item:02d}", max(1, place), 5)
        for user in range(40)
        for place, item in enumerate(random.permutation(30)[: 10 + user % 13])
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "when", "rating"])
    return topple.prepare(topple.read_interactions(frame, rating="rating", timestamp="when"))


def test_the_command_line_is_as_before(split):
    before = list(sys.argv)
    trained("recbole:ease", split)
    assert sys.argv == before
