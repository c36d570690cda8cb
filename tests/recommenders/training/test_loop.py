import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse

from topple.data.splitting import HeldOut, Split
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import DataError, RecommenderError
from topple.recommenders.models.mult_vae import MultVAE, MultVAESettings
from topple.recommenders.models.popularity import Popularity
from topple.recommenders.training.loop import report_single_epoch, train
from topple.recommenders.training.quality import held_out_quality
from topple.scoring.recommender import Epoch
from topple.testing import tiny_split

SETTINGS = MultVAESettings(hidden=16, latent=8, epochs=8, batch_size=16, learning_rate=0.02, seed=1)


def ndcg(model, split):
    return held_out_quality(model, split.validation, ndcg=(100,), recall=())["ndcg_100"]


def state(model):
    return {name: array.clone() for name, array in model.arrays().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def fit(split=None, settings=SETTINGS, **hooks):
    return MultVAE.fit(split or tiny_split(), settings, **hooks)


def test_every_epoch_is_reported_with_what_it_reached():
    epochs = []
    model = fit(on_epoch=epochs.append)
    assert [epoch.number for epoch in epochs] == list(range(1, 9))
    assert {epoch.of for epoch in epochs} == {8}
    assert epochs[-1].loss < epochs[0].loss
    best = max(epochs, key=lambda epoch: (epoch.ndcg_100, -epoch.number))
    assert (epochs[-1].best_epoch, epochs[-1].best_ndcg_100) == (best.number, best.ndcg_100)
    assert model.training["best_epoch"] == best.number
    assert model.training["validation_ndcg_100"] == best.ndcg_100
    assert (model.training["epochs"], model.training["interrupted"]) == (8, False)
    assert model.training["seconds"] >= 0


def test_the_best_validation_state_is_kept_and_not_the_last():
    split, epochs, states = tiny_split(), [], []
    model = fit(
        split,
        SETTINGS.model_copy(update={"epochs": 30}),
        on_epoch=epochs.append,
        on_best=lambda m: states.append(state(m)),
    )
    assert epochs[-1].ndcg_100 < epochs[-1].best_ndcg_100, "choose settings that overfit, or this test shows nothing"
    assert ndcg(model, split) == pytest.approx(epochs[-1].best_ndcg_100)
    assert same(state(model), states[-1])


def test_on_best_is_called_for_each_improvement_with_the_record_so_far():
    seen, epochs = [], []
    fit(
        on_epoch=epochs.append,
        on_best=lambda model: seen.append((model.training["best_epoch"], model.training["epochs"])),
    )
    improved = [epoch.number for epoch in epochs if epoch.best_epoch == epoch.number]
    assert seen == [(number, number) for number in improved]


def test_the_record_holds_what_the_model_depends_on_besides_the_settings():
    assert fit().training["threads"] == torch.get_num_threads()


def test_the_arrays_want_no_gradient_after_training():
    assert all(not array.requires_grad and array.grad is None for array in fit().arrays().values())


def test_time_spent_ends_the_training_after_the_epoch_and_keeps_the_best_state():
    epochs = []
    model = fit(settings=SETTINGS.model_copy(update={"max_minutes": 1e-9}), on_epoch=epochs.append)
    assert len(epochs) == 1
    assert (model.training["epochs"], model.training["interrupted"]) == (1, False)


def test_without_a_better_epoch_for_long_enough_the_training_ends_and_keeps_the_best_state():
    long = SETTINGS.model_copy(update={"epochs": 60})
    every, chosen = [], []
    fit(settings=long, on_epoch=every.append)
    ends = next(epoch.number for epoch in every if epoch.number - epoch.best_epoch == 3)
    assert ends < 60
    model = fit(settings=long.model_copy(update={"patience": 3}), on_epoch=chosen.append)
    assert [epoch.ndcg_100 for epoch in chosen] == [epoch.ndcg_100 for epoch in every[:ends]]
    assert (model.training["epochs"], model.training["best_epoch"]) == (ends, ends - 3)
    assert model.training["ended"] == "patience"


def interrupted_at(number):
    def on_epoch(epoch):
        if epoch.number == number:
            raise KeyboardInterrupt

    return on_epoch


def test_an_interrupt_keeps_the_best_state_so_far():
    states = []
    model = fit(on_epoch=interrupted_at(5), on_best=lambda m: states.append(state(m)))
    assert (model.training["interrupted"], model.training["epochs"]) == (True, 5)
    assert 1 <= model.training["best_epoch"] <= 5
    assert same(state(model), states[-1])
    assert not any(array.requires_grad for array in model.arrays().values())


def test_an_interrupt_in_the_middle_of_an_epoch_keeps_the_best_state_so_far(monkeypatch):
    states, losses, plain = [], [], MultVAE.loss

    def loss(self, batch, update, random):
        losses.append(update)
        if update == 7:
            raise KeyboardInterrupt
        return plain(self, batch, update, random)

    monkeypatch.setattr(MultVAE, "loss", loss)
    model = fit(on_best=lambda m: states.append(state(m)))
    assert losses == list(range(8))
    assert model.training["interrupted"]
    assert same(state(model), states[-1])


def test_an_interrupt_before_there_is_any_state_to_keep_is_an_interrupt(monkeypatch):
    def loss(self, batch, update, random):
        raise KeyboardInterrupt

    monkeypatch.setattr(MultVAE, "loss", loss)
    with pytest.raises(KeyboardInterrupt):
        fit()


def test_a_training_that_diverges_says_so_and_what_to_do():
    with pytest.raises(
        RecommenderError, match=r"training loss is (nan|inf) in epoch \d+.*learning_rate=1e\+06. Lower it"
    ):
        fit(settings=SETTINGS.model_copy(update={"learning_rate": 1e6}))


def test_a_validation_that_cannot_choose_a_state_is_refused_before_training():
    split = tiny_split()
    nothing = sparse.csr_matrix(split.validation.held_out.shape, dtype=np.float32)
    with pytest.raises(DataError, match=r"no validation user has both .* Hold out more users"):
        fit(replace(split, validation=replace(split.validation, held_out=nothing)))


def test_a_seed_draws_other_batches_in_each_epoch_and_every_user_once(monkeypatch):
    batches, sizes, plain = [], [], MultVAE.loss

    def loss(self, batch, update, random):
        batches.append(batch.indices.tobytes())
        sizes.append(batch.nnz)
        return plain(self, batch, update, random)

    monkeypatch.setattr(MultVAE, "loss", loss)
    split = tiny_split()
    fit(split, SETTINGS.model_copy(update={"epochs": 2}))
    per_epoch = len(batches) // 2
    assert per_epoch == -(-split.train.shape[0] // SETTINGS.batch_size)
    assert batches[:per_epoch] != batches[per_epoch:]
    assert sum(sizes[:per_epoch]) == sum(sizes[per_epoch:]) == split.train.nnz
    assert len(set(batches)) == len(batches)


def test_every_update_of_every_seed_has_draws_of_its_own(monkeypatch):
    seeds, plain = [], MultVAE.loss

    def loss(self, batch, update, random):
        seeds.append(random.initial_seed())
        return plain(self, batch, update, random)

    monkeypatch.setattr(MultVAE, "loss", loss)
    for seed in (0, 1, 2):
        fit(settings=SETTINGS.model_copy(update={"epochs": 2, "seed": seed}))
    assert len(set(seeds)) == len(seeds)


def large_split(users=2000, items=10000):
    random = np.random.default_rng(0)

    def matrix(rows, per_row):
        columns = ((random.integers(0, items, rows)[:, None] + 97 * np.arange(per_row)) % items).ravel()
        values = np.ones(rows * per_row, dtype=np.float32)
        found = sparse.csr_matrix((values, columns, np.arange(rows + 1) * per_row), shape=(rows, items))
        found.sort_indices()
        return found

    def users_of(name, count):
        return Vocabulary([f"{name}{number}" for number in range(count)], "user")

    validation = HeldOut(users_of("v", 100), matrix(100, 5), matrix(100, 2))
    test = HeldOut(users_of("t", 100), matrix(100, 5), matrix(100, 2))
    return Split(
        Catalogue(Vocabulary(list(range(1, items + 1)))), users_of("u", users), matrix(users, 10), validation, test
    )


def test_no_users_by_items_array_is_made_at_any_point(monkeypatch):
    split, plain = large_split(), sparse.csr_matrix.toarray

    def toarray(self, *args, **kwargs):
        assert self.shape[0] <= 256, f"a dense array of {self.shape}"
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(sparse.csr_matrix, "toarray", toarray)
    monkeypatch.setattr(sparse.csr_matrix, "todense", toarray)
    tracemalloc.start()
    fit(split, MultVAESettings(hidden=4, latent=2, epochs=1, batch_size=250))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2000 * 10000 / 2, "a users x items array of one byte a cell would be larger"


class TestMaxMinutes:
    """A batch takes ten seconds of a clock that goes on with the batches alone."""

    BATCHES = -(-tiny_split().train.shape[0] // 4)

    @pytest.fixture
    def trained(self, monkeypatch):
        now, plain = [0.0], MultVAE.loss
        batches, states = [], []

        def loss(self, batch, update, random):
            now[0] += 10
            batches.append(batch.shape[0])
            return plain(self, batch, update, random)

        def run(minutes, **hooks):
            settings = SETTINGS.model_copy(update={"batch_size": 4, "epochs": 5, "max_minutes": minutes})
            model = fit(settings=settings.model_copy(update={"epochs": 1, "max_minutes": None}))
            model.settings = settings
            monkeypatch.setattr(MultVAE, "loss", loss)
            train(model, tiny_split(), clock=lambda: now[0], on_best=lambda m: states.append(state(m)), **hooks)
            monkeypatch.undo()
            return model, batches, states

        return run

    def test_the_first_epoch_ends_with_the_time_and_the_present_weights_stay(self, trained):
        assert self.BATCHES > 9
        epochs = []
        model, batches, states = trained(1, on_epoch=epochs.append)
        assert len(batches) == 7  # after 70 seconds the time is up
        assert model.training["batches_of_last_epoch"] == [7, self.BATCHES]
        assert (model.training["epochs"], model.training["ended"], model.training["seconds"]) == (1, "max_minutes", 70)
        assert not model.training["interrupted"]
        assert same(state(model), states[-1])
        assert [epoch.number for epoch in epochs] == [1]
        assert ndcg(model, tiny_split()) == model.training["validation_ndcg_100"]
        assert all(not array.requires_grad for array in model.arrays().values())

    def test_a_later_epoch_ends_too_and_the_best_state_stays(self, trained):
        model, batches, states = trained((self.BATCHES * 2 + 3) / 6)
        assert len(batches) == 2 * self.BATCHES + 4
        assert model.training["batches_of_last_epoch"] == [4, self.BATCHES]
        assert (model.training["epochs"], model.training["ended"]) == (3, "max_minutes")
        assert same(state(model), states[-1])

    def test_time_that_is_up_with_the_last_batch_of_an_epoch_leaves_no_part(self, trained):
        model, batches, _ = trained((self.BATCHES * 2 - 0.5) / 6)
        assert len(batches) == 2 * self.BATCHES
        assert (model.training["epochs"], model.training["ended"]) == (2, "max_minutes")
        assert "batches_of_last_epoch" not in model.training

    def test_with_time_enough_all_epochs_are_trained(self, trained):
        model, batches, _ = trained(self.BATCHES * 5 / 6)
        assert len(batches) == 5 * self.BATCHES
        assert model.training["ended"] == "epochs"

    def test_a_state_that_is_kept_on_the_way_says_that_the_training_goes_on(self):
        ended = []
        model = fit(on_best=lambda model: ended.append(model.training["ended"]))
        assert set(ended) == {"not"}
        assert model.training["ended"] == "epochs"


@pytest.mark.parametrize("loss", [None, 2.5])
def test_a_model_without_a_loop_reports_one_epoch(loss):
    split, epochs, best = tiny_split(), [], []
    model = Popularity.fit(split)
    model.training = {}
    report_single_epoch(model, split, 0.0, epochs.append, best.append, loss)
    expected = ndcg(model, split)
    assert model.training.pop("seconds") > 0
    assert model.training == {"epochs": 1, "validation_ndcg_100": expected} | ({"loss": 2.5} if loss else {})
    assert best == [model]
    assert epochs == [Epoch(1, 1, loss or 0.0, expected, expected, 1)]


def test_a_model_without_a_loop_needs_no_validation_users():
    split = tiny_split()
    nobody = sparse.csr_matrix((0, len(split.catalogue)), dtype=np.float32)
    model = Popularity.fit(replace(split, validation=HeldOut(Vocabulary([]), nobody, nobody)))
    assert "validation_ndcg_100" not in model.training
