import pytest
import torch

import topple
from topple import registry

QUICK = {"epochs": 1, "dimensions": 8, "hidden": 8, "latent": 4, "factors": 8}


@pytest.fixture
def double():
    """Make float64 the type of tensors that are made without one, as some programs do."""
    before = torch.get_default_dtype()
    yield lambda: torch.set_default_dtype(torch.float64)
    torch.set_default_dtype(before)


@pytest.mark.parametrize(
    "name", ["mult-vae", "mult-dae", "ease", "item-knn", "als", "popularity", "bpr", "lightgcn", "neumf", "sasrec"]
)
def test_the_same_model_is_learned_whatever_type_torch_makes_by_default(name, double):
    split = topple.load_split("generated")
    known = registry.load("recommenders", name).settings_type.model_fields
    settings = {key: value for key, value in QUICK.items() if key in known}
    plain = topple.fit(split, name, settings=settings, progress=False)
    double()
    again = topple.fit(split, name, settings=settings, progress=False)
    assert again.fingerprint == plain.fingerprint
    assert again.scale == plain.scale
    history = split.history(split.test.users.ids[0])
    lists = [[entry.item for entry in topple.recommend(model, history, k=5)] for model in (plain, again)]
    assert lists[0] == lists[1]
