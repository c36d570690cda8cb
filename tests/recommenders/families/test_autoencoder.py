import numpy as np
import pytest
import torch

from topple.errors import ModelFolderError, SettingsError
from topple.recommenders.models.mult_dae import MultDAE, MultDAESettings
from topple.recommenders.models.mult_vae import MultVAE, MultVAESettings
from topple.scoring.ranking import SAFETY
from topple.scoring.recommender import SINGLE
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing.worlds import catalogue_of, random_mult_vae, tiny_split

ITEMS = 24
CATALOGUE = catalogue_of(ITEMS)
NAMES = [
    "weight_q_0to1",
    "bias_q_1",
    "weight_q_1to2",
    "bias_q_2",
    "weight_p_0to1",
    "bias_p_1",
    "weight_p_1to2",
    "bias_p_2",
]  # of the original code
TINY = {"hidden": 8, "latent": 4, "epochs": 2, "batch_size": 16}


def arrays():
    return {name: array.numpy().copy() for name, array in random_mult_vae(ITEMS).arrays().items()}


def scores(model):
    batch = HistoryBatch.of([[1, 2, 3]])
    return model.score(batch, unchanged(batch))


def test_the_arrays_have_the_names_of_the_original_code():
    assert list(random_mult_vae().arrays()) == NAMES


def test_layer_sizes_are_read_off_the_arrays():
    chosen = MultVAE.from_arrays(arrays(), CATALOGUE).settings
    assert (chosen.hidden, chosen.latent) == (12, 5)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_array_is_named(name):
    given = arrays()
    del given[name]
    with pytest.raises(
        ModelFolderError, match=rf"array '{name}' is missing \(.*\); mult-vae needs weight_q_0to1, bias_q_1"
    ):
        MultVAE.from_arrays(given, CATALOGUE)


@pytest.mark.parametrize("name", NAMES)
def test_an_array_of_another_shape_is_named(name):
    given = arrays()
    given[name] = np.concatenate([given[name], given[name]])
    with pytest.raises(ModelFolderError, match=r"array '\w+' is float32 of shape .*expected .*24 items"):
        MultVAE.from_arrays(given, CATALOGUE)


def test_arrays_of_another_catalogue_are_refused():
    with pytest.raises(
        ModelFolderError, match=r"'weight_q_0to1' is .* of shape \(24, 12\), expected .* \(25, 12\).*another catalogue"
    ):
        MultVAE.from_arrays(arrays(), catalogue_of(25))


@pytest.mark.parametrize("name", ["weight_q_0to1", "weight_q_1to2", "weight_p_1to2"])
def test_a_transposed_weight_is_refused_and_not_read_in_the_wrong_order(name):
    given = arrays()
    given[name] = np.ascontiguousarray(given[name].T)
    with pytest.raises(ModelFolderError, match=f"array '{name}' is float32 of shape"):
        MultVAE.from_arrays(given, CATALOGUE)


@pytest.mark.parametrize("value", [np.float32(1), np.zeros(4), np.zeros((2, 3, 4))])
def test_a_decoder_weight_that_is_no_matrix_is_refused(value):
    given = arrays() | {"weight_p_0to1": value}
    with pytest.raises(ModelFolderError, match=r"array 'weight_p_0to1' is .* of shape .*expected .*\(any, any\)"):
        MultVAE.from_arrays(given, CATALOGUE)


def test_a_bias_with_dimensions_of_length_one_is_taken_as_it_is_meant():
    given = arrays()
    expected = scores(MultVAE.from_arrays(given, CATALOGUE))
    given["bias_p_2"] = given["bias_p_2"][None]
    given["bias_q_1"] = given["bias_q_1"][:, None]
    assert torch.equal(scores(MultVAE.from_arrays(given, CATALOGUE)), expected)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(value):
    given = arrays()
    given["weight_p_0to1"][1, 2] = value
    with pytest.raises(ModelFolderError, match="array 'weight_p_0to1' holds NaN or infinite values"):
        MultVAE.from_arrays(given, CATALOGUE)


@pytest.mark.parametrize("value", [np.full(12, "a"), np.full(12, None), np.full(12, 1j)])
def test_arrays_that_are_not_real_numbers_are_refused(value):
    with pytest.raises(ModelFolderError, match=r"array 'bias_q_1' is .* of shape \(12,\), expected real numbers"):
        MultVAE.from_arrays(arrays() | {"bias_q_1": value}, CATALOGUE)


def test_the_model_keeps_its_own_copy_of_arrays_that_may_be_read_only():
    given = arrays()
    for array in given.values():
        array.flags.writeable = False
    model = MultVAE.from_arrays(given, CATALOGUE)
    expected = scores(model)
    for array in given.values():
        array.flags.writeable = True
        array[:] = 0
    assert torch.equal(scores(model), expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int64])
def test_arrays_of_other_number_types_become_float32(dtype):
    model = MultVAE.from_arrays({name: array.astype(dtype) for name, array in arrays().items()}, CATALOGUE)
    assert {array.dtype for array in model.arrays().values()} == {torch.float32}


def test_torch_tensors_are_arrays_too():
    given = {name: torch.from_numpy(array) for name, array in arrays().items()}
    assert torch.equal(scores(MultVAE.from_arrays(given, CATALOGUE)), scores(random_mult_vae(ITEMS)))


def test_mult_dae_is_built_from_four_arrays_and_refuses_those_of_mult_vae():
    with pytest.raises(
        ModelFolderError, match=r"array 'weight_0to1' is missing \(.*\); mult-dae needs weight_0to1, bias_1"
    ):
        MultDAE.from_arrays(arrays(), CATALOGUE)


def test_moving_to_a_device_keeps_scores_settings_and_the_record_of_the_training():
    model = random_mult_vae(ITEMS)
    model.training["epochs"] = 3
    moved = model.to("cpu")
    assert torch.equal(scores(moved), scores(model))
    assert (moved.settings, moved.training, moved.device) == (model.settings, {"epochs": 3}, torch.device("cpu"))


@pytest.mark.parametrize("kind", [MultVAE, MultDAE])
def test_the_same_seed_trains_the_same_weights_and_another_seed_others(kind):
    def trained(seed):
        return kind.fit(tiny_split(), kind.settings_type(**TINY, seed=seed))

    first, again, other = trained(5), trained(5), trained(6)
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != other.fingerprint
    assert all(torch.equal(a, b) for a, b in zip(first.arrays().values(), again.arrays().values(), strict=True))


def test_training_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    MultVAE.fit(tiny_split(), MultVAESettings(**TINY))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_first_weights_are_xavier_uniform_and_small_truncated_normal():
    model = MultVAE.fit(tiny_split(), MultVAESettings(hidden=200, latent=50, epochs=1, learning_rate=1e-12))
    p = model.arrays()
    items = len(model.catalogue)
    assert float(p["weight_q_0to1"].abs().max()) == pytest.approx((6 / (items + 200)) ** 0.5, rel=0.01)
    assert float(p["weight_p_1to2"].std()) == pytest.approx((2 / (items + 200)) ** 0.5, rel=0.05)
    assert 0 < float(p["bias_q_1"].abs().max()) <= 0.002


def test_another_seed_starts_from_other_weights():
    chosen = MultVAESettings(**{**TINY, "epochs": 1, "learning_rate": 1e-12})
    first = MultVAE.fit(tiny_split(), chosen).arrays()
    other = MultVAE.fit(tiny_split(), chosen.model_copy(update={"seed": 1})).arrays()
    assert all(not torch.allclose(first[name], other[name], rtol=1e-3) for name in first)


@pytest.mark.parametrize("bad", [{"seed": -1}, {"seed": 2**40}, {"dropout": 1.0}, {"epochs": 0}, {"learning_rate": 0}])
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(SettingsError, match=next(iter(bad))):
        MultVAESettings.parse(bad)


def test_settings_of_another_model_are_refused():
    with pytest.raises(SettingsError, match="MultDAESettings given to mult-vae, which takes MultVAESettings"):
        MultVAE.fit(tiny_split(), MultDAESettings())
    with pytest.raises(SettingsError, match="MultDAESettings given to mult-vae, which takes MultVAESettings"):
        MultVAE.from_arrays(arrays(), CATALOGUE, MultDAESettings())


@pytest.mark.parametrize("candidates", [None, torch.tensor([[0, 7, 5], [3, 1, 2]])])
def test_an_item_that_comes_again_is_one_entry_of_more_weight(candidates):
    plain, weights = random_mult_vae(ITEMS), torch.tensor([[2.0, 1, 1, 0], [1, 3, 0, 0]], dtype=torch.float64)
    model = MultVAE(plain.catalogue, plain.arrays(), plain.settings.model_copy(update={"weighted": True}))
    again = HistoryBatch(
        torch.tensor([[4, 9, 4, 2], [5, 6, 5, 5]]), torch.tensor([[1.0, 1, 1, 1], [1, 1, 1, 1]]).double()
    )
    heavy = HistoryBatch(torch.tensor([[4, 9, 2, 0], [6, 5, 0, 0]]), weights)
    assert torch.allclose(
        model.score(again, torch.ones(2, 1, 4).double(), candidates),
        model.score(heavy, torch.ones(2, 1, 4).double(), candidates),
        rtol=1e-12,
    )
    rows, keep = torch.tensor([1, 0, 1]), torch.tensor([[[1.0, 0, 1, 0]], [[1, 0, 0, 0]], [[0, 1, 1, 1]]]).double()
    bound = model.bind(again, candidates)(keep, rows)
    for row, kept, scored in zip(rows.tolist(), keep, bound, strict=True):
        mine = HistoryBatch(again.items[row, None], again.weights[row, None])
        alone = model.score(mine, kept[None], None if candidates is None else candidates[row, None])
        assert torch.allclose(scored, alone[0], rtol=1e-12)


def test_what_proposes_sets_is_near_what_settles_them_and_the_same_alone_and_in_a_batch():
    shapes = MultVAE.shapes(ITEMS, MultVAESettings(hidden=96, latent=64))
    random = np.random.default_rng(0)
    model = MultVAE.from_arrays({name: random.normal(0, 0.3, shape) for name, shape in shapes.items()}, CATALOGUE)
    histories = HistoryBatch.of([[1, 2, 3, 4], [5, 6], [7, 8, 9]])
    items = torch.arange(ITEMS).repeat(3, 1)
    keep = torch.rand(3, 50, 4, generator=torch.Generator().manual_seed(0)).round().double() * histories.filled[:, None]
    proposing, rounding = model.bind_to_propose(histories, items)
    exact, proposed = model.bind(histories, items)(keep), proposing(keep)
    assert rounding == SINGLE
    assert proposed.dtype == torch.float64
    off = (proposed - exact).abs() / exact.abs().clamp(min=model.scale)
    assert 0 < float(off.max()) < SAFETY * rounding  # of which the tolerance among what proposes is made
    for row in range(3):
        for variation in (0, 17, 49):
            alone = proposing(keep[row : row + 1, variation : variation + 1], torch.tensor([row]))
            assert torch.allclose(
                alone[0, 0], proposed[row, variation], rtol=0, atol=1e-13
            )  # of float64, not of float32


def test_a_model_whose_scores_float32_cannot_tell_apart_proposes_in_float64():
    given = arrays()
    given["weight_p_1to2"] *= 1e-4
    given["bias_p_2"] += 1000
    model = MultVAE.from_arrays(given, CATALOGUE)
    histories, items = HistoryBatch.of([[1, 2, 3]]), torch.arange(ITEMS)[None]
    proposing, rounding = model.bind_to_propose(histories, items)
    keep = unchanged(histories)
    assert rounding == model.rounding
    assert torch.equal(proposing(keep), model.bind(histories, items)(keep))
