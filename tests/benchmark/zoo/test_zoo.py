import importlib.util

import pytest
import torch

import topple
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
