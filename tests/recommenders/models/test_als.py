import copy
import gc
import pickle
from dataclasses import replace
from itertools import pairwise

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from topple import explain, load_model
from topple.data.splitting import HeldOut
from topple.data.vocabulary import Vocabulary
from topple.errors import ModelFolderError, RecommenderError, SettingsError
from topple.recommenders.families import fold_in, small_systems
from topple.recommenders.families.fold_in import FoldIn, System
from topple.recommenders.families.low_rank import users_of
from topple.recommenders.models import als
from topple.recommenders.models.als import ALS, AlsSettings
from topple.recommenders.models.ease import EaseSettings
from topple.recommenders.saving.folders import save_model
from topple.recommenders.training.quality import held_out_quality
from topple.records.answer import Status
from topple.scoring.recommender import DOUBLE
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender, tiny_split
from topple.testing.worlds import catalogue_of

SPLIT = tiny_split()
ITEMS = len(SPLIT.catalogue)
SETTINGS = AlsSettings(factors=5, alpha=6, regularisation=0.5, epochs=4)
MODEL = ALS.fit(SPLIT, SETTINGS)


def untrained(factors, items=ITEMS, alpha=6.0, reg=0.5, seed=0):
    random = np.random.default_rng(seed)
    settings = AlsSettings(alpha=alpha, regularisation=reg)
    return ALS.from_arrays({"item_factors": random.normal(0, 0.7, (items, factors))}, catalogue_of(items), settings)


def folded_in(model, history, kept):
    """Scores by the equations as they are written: one dense system over the whole catalogue."""
    y = model.arrays()["item_factors"].double().numpy()
    alpha, reg = model.arrays()["fold_in"].tolist()
    c = np.zeros(len(y))
    c[history] = kept
    left = y.T @ np.diag(1 + alpha * c) @ y + reg * np.eye(y.shape[1])
    return y @ np.linalg.solve(left, (1 + alpha) * y.T @ c)


@given(
    st.lists(st.integers(0, ITEMS - 1), min_size=1, unique=True),
    st.lists(st.sampled_from([0.0, 0.0, 0.3, 1.0, 1.0, 1.0]), min_size=ITEMS, max_size=ITEMS),
    st.sampled_from([1, 3, 12, 40]),
)
def test_scores_solve_the_equations_of_what_is_kept(history, shares, factors):
    model, kept = untrained(factors), np.array(shares[: len(history)])
    batch, keep = HistoryBatch.of([history]), torch.from_numpy(kept)[None, None]
    expected = folded_in(model, history, kept)
    np.testing.assert_allclose(model.score(batch, keep)[0, 0].numpy(), expected, rtol=1e-9, atol=1e-10)


def variations(batch, many=80):
    """Singles, pairs, sets of any size, what they leave, everything and nothing, and shares of items."""
    random = np.random.default_rng(3)
    length = batch.items.shape[1]
    removed = random.random((many, length)) < random.random((many, 1))
    removed = np.concatenate([np.eye(length, dtype=bool), removed, ~removed, np.zeros((1, length), dtype=bool)])
    keep = torch.from_numpy(np.concatenate([~removed, removed, 0.4 * removed])).double()
    return keep * batch.present[:, None]


@pytest.mark.parametrize("factors", [2, 8, 50])
@pytest.mark.parametrize("most", [1, 2, 4, 30])
def test_a_low_rank_update_equals_a_new_solve(factors, most):
    model = untrained(factors)
    random = np.random.default_rng(0)
    batch = HistoryBatch.of([random.permutation(ITEMS)[:n].tolist() for n in (18, 3, 11)])
    keep = variations(batch)
    moved = torch.minimum((keep != 0).sum(-1), (keep != batch.present[:, None]).sum(-1)).amax(0)
    keep = keep[:, moved <= most]
    assert keep.shape[1] > 18
    factors_of = model.arrays()["item_factors"].double()
    prepared = FoldIn(model._system, factors_of[batch.items], *model.sides(batch))
    expected = prepared.solved(keep)
    torch.testing.assert_close(prepared.update(keep).users(), expected, rtol=1e-10, atol=1e-11)
    torch.testing.assert_close(model.score(batch, keep), expected @ factors_of.T, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("near", [0, 3, 99])
@pytest.mark.parametrize(("few", "small", "held"), [(0, 0, 1), (0, 99, 10**9), (10**9, 3, 10**9)])
@pytest.mark.parametrize("weights", [1.0, 0.5], ids=["plain", "weighted"])
def test_many_variations_of_some_histories_are_folded_in_as_those_of_one(
    near, few, small, held, weights, monkeypatch, set_memory
):
    for module, name, value in (
        (fold_in, "NEAR", near),
        (small_systems, "FEW", few),
        (small_systems, "SMALL", small),
    ):
        monkeypatch.setattr(module, name, value)
    set_memory(held)
    model, random = untrained(6), np.random.default_rng(0)
    batch = HistoryBatch.of([random.permutation(ITEMS)[:n].tolist() for n in (18, 3, 11)])
    batch.weights[0, ::2] *= weights
    rows, columns = torch.tensor([2, 0, 1, 0, 2]), torch.tensor([[5, 2], [9, 9], [1, 29]])
    keep = variations(batch)[rows]
    keep[:, ::7] = 0
    short, full = model.bind(batch, columns)(keep, rows), model.bind(batch)(keep, rows)
    alone = [
        folded_in(model, batch.items[r].tolist(), (keep[i, 9] * batch.weights[r]).tolist()) for i, r in enumerate(rows)
    ]
    np.testing.assert_allclose(full[:, 9], np.stack(alone), rtol=1e-9, atol=1e-10)
    for number, row in enumerate(rows.tolist()):
        part = model.score(
            HistoryBatch(batch.items[row : row + 1], batch.weights[row : row + 1]), keep[number : number + 1]
        )
        torch.testing.assert_close(full[number : number + 1], part, rtol=1e-9, atol=1e-10)
        torch.testing.assert_close(short[number], full[number][:, columns[row]], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("near", [0, 32])
@pytest.mark.parametrize("factors", [2, 12])
def test_with_everything_removed_all_scores_are_zero_and_not_what_rounding_leaves(factors, near, monkeypatch):
    monkeypatch.setattr(fold_in, "NEAR", near)
    model, batch = untrained(factors), HistoryBatch.of([[1, 4, 2], [7], [3, 0, 6, 5, 8]])
    candidates, nothing = torch.tensor([[9, 2], [0, 1], [4, 3]]), torch.zeros(3, 40, 5, dtype=torch.float64)
    rows = torch.tensor([2, 0])
    for scorer in (model.bind(batch), model.bind(batch, candidates)):
        for scores in (scorer(nothing), scorer(nothing[rows], rows), scorer(nothing.clone().requires_grad_())):
            assert not scores.any()
    among_others = unchanged(batch).repeat(1, 2, 1)
    among_others[:, 0] = 0
    assert not model.bind(batch, candidates)(among_others[rows], rows)[:, 0].any()


@pytest.mark.parametrize("near", [0, 32])
@pytest.mark.parametrize("factors", [2, 12])
def test_items_never_met_in_training_change_no_score_to_the_last_bit(factors, near, monkeypatch):
    monkeypatch.setattr(fold_in, "NEAR", near)
    learned = untrained(factors).arrays()
    cold = learned["item_factors"].clone()
    cold[[3, 8, 20]] = 0
    model = ALS.from_arrays({**learned, "item_factors": cold}, catalogue_of(ITEMS))
    alone, among = HistoryBatch.of([[4, 9, 1]]), HistoryBatch.of([[3, 4, 8, 9, 20, 1], [8], list(range(9, 18))])
    keep = unchanged(among).repeat(1, 30, 1)
    keep[0, 1, [1, 3, 5]] = 0
    for scorer in (model.bind(among), model.bind(among, torch.arange(ITEMS).expand(3, -1))):
        scores = scorer(keep)
        assert not scores[0, 1].any()
        assert not scores[1].any()
        assert not scores[..., [3, 8, 20]].any()
        expected = model.score(alone, unchanged(alone))[0, 0]
        torch.testing.assert_close(scores[0, 0], expected, rtol=1e-12, atol=1e-14)


def test_the_rounding_says_how_hard_the_equations_are():
    assert untrained(6).rounding == DOUBLE
    random = np.random.default_rng(0)
    factors = random.normal(0, 0.7, (ITEMS, 6)) + 1e3 * random.integers(-1, 2, (ITEMS, 1))
    hard = ALS.from_arrays({"item_factors": factors, "fold_in": np.array([6.0, 0.5])}, catalogue_of(ITEMS))
    assert DOUBLE < hard.rounding < 1e-5
    check_recommender(hard)


def test_without_a_single_item_nothing_speaks_for_a_target_and_no_replacement_is_named():
    model = untrained(5, items=16, alpha=10.0, reg=1.0)
    for item in model.catalogue.vocabulary.ids:
        for found in explain(model, [item], k=3, rule="unseen_after", progress=False):
            assert (found.status, found.items, found.replacements, found.margin) == (Status.FOUND, (item,), (), 0)
            assert found.reason.startswith("without these, nothing in the history speaks for it")


def test_one_or_two_removed_items_of_many_variations_never_cost_a_solve_each(monkeypatch):
    model = untrained(16)
    batch = HistoryBatch.of([list(range(20)), list(range(5, 17))])
    keep = unchanged(batch).repeat(1, 40, 1)
    for variation in range(40):
        keep[:, variation, [variation % 11, variation % 7]] = 0
    expected = model.score(batch, keep)
    monkeypatch.setattr(FoldIn, "solved", lambda *_: pytest.fail("a new solve"))
    torch.testing.assert_close(model.bind(batch)(keep), expected)


def test_variations_that_change_nothing_cost_no_system():
    model = untrained(4)
    batch = HistoryBatch.of([list(range(9)), [3]])
    same = model.score(batch, unchanged(batch).repeat(1, 50, 1))
    torch.testing.assert_close(same, model.score(batch, unchanged(batch)).expand_as(same))
    assert not model.score(batch, torch.zeros(2, 50, 9).double()).any()


def test_a_history_is_prepared_once_for_all_that_follows(monkeypatch):
    model = untrained(16)
    batch = HistoryBatch.of([list(range(20))])
    keep = unchanged(batch).repeat(1, 40, 1)
    keep[0, torch.arange(40), torch.arange(40) % 20] = 0
    bound = model.bind(batch, torch.tensor([[25, 3, 25]]))
    first = bound(keep)
    torch.testing.assert_close(first, model.score(batch, keep)[..., [25, 3, 25]])
    monkeypatch.setattr(torch.linalg, "cholesky", lambda *_: pytest.fail("prepared again"))
    torch.testing.assert_close(bound(keep.flip(1)), first.flip(1))


@pytest.mark.parametrize("factors", [3, 40])
def test_the_gradient_in_keep_is_that_of_finite_differences_even_where_an_item_is_gone(factors):
    model = untrained(factors)
    batch = HistoryBatch.of([[4, 9, 1, 20], [7, 2]])
    keep = unchanged(batch).repeat(1, 3, 1)
    keep[:, 1, 0] = 0
    keep[:, 2] *= 0.6
    columns = torch.tensor([[3, 4], [0, 2]])
    assert torch.autograd.gradcheck(model.bind(batch, columns), keep.requires_grad_(), eps=1e-6, atol=1e-7)


@pytest.mark.parametrize("factors", [5, 40])
def test_the_gradient_of_a_low_rank_update_is_that_of_a_solve(factors, monkeypatch):
    model = untrained(factors)
    batch = HistoryBatch.of([list(range(20)), list(range(5, 17)), [3]])
    keep = variations(batch, many=30)
    columns = torch.tensor([[3, 25, 7]]).expand(3, -1)
    weights = torch.rand(3, keep.shape[1], 3, generator=torch.Generator().manual_seed(0)).double()

    def slope():
        at = keep.clone().requires_grad_()
        return torch.autograd.grad((model.bind(batch, columns)(at) * weights).sum(), at)[0]

    monkeypatch.setattr(FoldIn, "users", lambda self, kept, rows=None: users_of(kept, self.update(kept)))
    found = slope()
    monkeypatch.setattr(FoldIn, "users", lambda self, kept, rows=None: self.solved(kept))
    expected = slope()
    present = batch.present[:, None].expand_as(found)
    torch.testing.assert_close(found[present], expected[present], rtol=1e-9, atol=1e-9)


def test_base_weights_multiply():
    model = untrained(6)
    batch = HistoryBatch(torch.tensor([[4, 6, 8]]), torch.tensor([[2.0, 0.5, 1.0]], dtype=torch.float64))
    keep = unchanged(batch).repeat(1, 30, 1)
    keep[:, 1, 0] = 0
    keep[:, 2, 1] = 0.5
    scores = model.score(batch, keep)
    for variation, kept in ((0, [2, 0.5, 1]), (1, [0, 0.5, 1]), (2, [2, 0.25, 1])):
        expected = folded_in(model, [4, 6, 8], kept)
        np.testing.assert_allclose(scores[0, variation].numpy(), expected, rtol=1e-9, atol=1e-11)


def test_scores_do_not_depend_on_how_many_systems_are_held_at_a_time(set_memory):
    model = untrained(3)
    batch = HistoryBatch.of([[1, 2, 3, 8], [3, 9], [5, 4, 3, 2, 1, 0]])
    keep = 0.5 * unchanged(batch).repeat(1, 2, 1)
    together = model.score(batch, keep)
    set_memory(1)
    torch.testing.assert_close(model.score(batch, keep), together, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])  # noqa: S301 - its own
def test_a_model_can_be_copied_and_sent_to_another_process(copied):
    model, batch = untrained(4), HistoryBatch.of([[1, 2], [3, 4]])
    scores = model.score(batch, unchanged(batch))
    again = copied(model)
    torch.testing.assert_close(again.score(batch, unchanged(batch)), scores, rtol=0, atol=0)
    assert again.fingerprint == model.fingerprint
    assert len(again._prepared) == 1


@pytest.mark.parametrize(("factors", "prepared"), [(10, 0), (11, 1)])
def test_columns_are_prepared_only_where_that_is_cheaper(factors, prepared, monkeypatch):
    model, batch = untrained(factors, items=30), HistoryBatch.of([list(range(18))])
    candidates, scorer, calls = torch.arange(24)[None], FoldIn.scorer, []
    monkeypatch.setattr(FoldIn, "scorer", lambda self, columns: calls.append(1) or scorer(self, columns))
    keep = unchanged(batch).repeat(1, 3, 1)
    keep[0, 1, 4], keep[0, 2, 1:] = 0, 0
    found = model.bind(batch, candidates)(keep, torch.tensor([0]))
    assert len(calls) == prepared  # 18 * 24 numbers, or 10 or 11 times 18 + 24
    for scores, kept in zip(found[0], keep[0].numpy(), strict=True):
        np.testing.assert_allclose(scores.numpy(), folded_in(model, list(range(18)), kept)[:24], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("first", [0, 1])
def test_one_scorer_serves_removals_of_few_items_and_of_nearly_all(first):
    history = list(range(45))
    model, batch = untrained(30, items=60), HistoryBatch.of([history])
    bound, rows = model.bind(batch, torch.tensor([[50, 55]])), torch.tensor([0])
    few, many = unchanged(batch).repeat(1, 2, 1), unchanged(batch).repeat(1, 2, 1)
    few[0, 0, :2], few[0, 1, 7] = 0, 0
    many[0, 0, 3:], many[0, 1, 7] = 0, 0
    assert fold_in.NEAR < 42
    for keep in (few, many)[:: 1 if first else -1]:
        for found, kept in zip(bound(keep, rows)[0], keep[0].numpy(), strict=True):
            np.testing.assert_allclose(found, folded_in(model, history, kept)[[50, 55]], rtol=1e-9, atol=1e-11)
    prepared = model._prepared[batch]
    assert prepared.update(few).from_empty.tolist() == [[False, False]]
    assert prepared.update(many).from_empty.tolist() == [[True, False]]


def test_what_is_prepared_goes_with_its_histories():
    model, batch = untrained(4), HistoryBatch.of([[1, 2], [3, 4]])
    bound = model.bind(batch, torch.tensor([[6], [7]]))
    (prepared,) = model._prepared.values()
    model.score(batch, unchanged(batch))
    assert list(model._prepared.values()) == [prepared]
    del bound, batch
    gc.collect()
    assert not model._prepared


def objective(x, y, seen, settings):
    confidence = 1 + settings.alpha * seen
    return (confidence * (seen - x @ y.T) ** 2).sum() + settings.regularisation * ((x**2).sum() + (y**2).sum())


def test_a_half_step_solves_each_row_by_itself_in_chunks_of_any_size(monkeypatch):
    seen = SPLIT.train.toarray().astype(np.float64)
    y = np.random.default_rng(0).normal(0, 0.5, (ITEMS, 7))
    settings = AlsSettings(factors=7, alpha=3, regularisation=0.8)
    expected = np.stack(
        [np.linalg.solve(y.T @ np.diag(1 + 3 * row) @ y + 0.8 * np.eye(7), (1 + 3) * y.T @ row) for row in seen]
    )
    for most in (1, 40, 16_384):
        monkeypatch.setattr(als, "POSITIONS", most)
        found = als._half(SPLIT.train, torch.from_numpy(y).float(), settings)
        np.testing.assert_allclose(found.numpy(), expected, atol=2e-5)


def test_a_row_without_entries_has_no_factors_and_one_with_a_single_entry_has():
    train = SPLIT.train.copy()
    train.data[train.indptr[2] : train.indptr[3]] = 0
    train.data[train.indptr[3] + 1 : train.indptr[4]] = 0
    train.eliminate_zeros()
    found = als._half(train, torch.ones(ITEMS, 5), SETTINGS)
    assert not found[2].any()
    assert found[3].any()


def test_the_loss_is_the_objective_of_the_paper_and_never_rises():
    epochs = []
    ALS.fit(SPLIT, SETTINGS.model_copy(update={"epochs": 6}), on_epoch=epochs.append)
    losses = [epoch.loss for epoch in epochs]
    assert all(after <= before * (1 + 1e-5) for before, after in pairwise(losses))
    random = np.random.default_rng(0).normal(0, 0.5, (ITEMS, 5))
    items, loss = als._round(SPLIT.train, torch.from_numpy(random).float(), SETTINGS)
    users = als._half(SPLIT.train, torch.from_numpy(random).float(), SETTINGS)
    seen = SPLIT.train.toarray().astype(np.float64)
    expected = objective(users.double().numpy(), items.double().numpy(), seen, SETTINGS) / len(seen)
    assert loss == pytest.approx(expected, rel=1e-5)


def test_the_state_with_the_best_validation_is_kept_and_the_hooks_are_told():
    epochs, best = [], []
    model = ALS.fit(SPLIT, SETTINGS.model_copy(update={"epochs": 6}), epochs.append, best.append)
    scores = [epoch.ndcg_100 for epoch in epochs]
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    assert epochs[-1].best_ndcg_100 == max(scores) == model.training["validation_ndcg_100"]
    assert epochs[-1].best_epoch == 1 + scores.index(max(scores)) == model.training["best_epoch"]
    assert best[-1] is model
    assert len(best) == sum(score > max([-1, *scores[:number]]) for number, score in enumerate(scores))
    assert held_out_quality(model, SPLIT.validation)["ndcg_100"] == max(scores)
    assert model.training["epochs"] == 6


def test_the_seed_alone_decides():
    again, other = ALS.fit(SPLIT, SETTINGS), ALS.fit(SPLIT, SETTINGS.model_copy(update={"seed": 1}))
    assert again.fingerprint == MODEL.fingerprint != other.fingerprint


def test_an_interrupt_keeps_the_best_so_far():
    def stop(epoch):
        if epoch.number == 2:
            raise KeyboardInterrupt

    model = ALS.fit(SPLIT, SETTINGS, stop)
    assert model.training["interrupted"]
    assert model.training["epochs"] == 2


def test_an_interrupt_before_there_is_a_model_goes_on(monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(als, "_round", stop)
    with pytest.raises(KeyboardInterrupt):
        ALS.fit(SPLIT, SETTINGS)


def test_without_validation_users_the_last_state_is_kept():
    nobody = csr_matrix((0, ITEMS), dtype=np.float32)
    epochs = []
    split = replace(SPLIT, validation=HeldOut(Vocabulary([]), nobody, nobody))
    model = ALS.fit(split, SETTINGS, epochs.append)
    assert model.training["best_epoch"] == epochs[-1].best_epoch == SETTINGS.epochs
    assert "validation_ndcg_100" not in model.training
    assert len(epochs) == SETTINGS.epochs


def test_no_epoch_starts_after_max_minutes():
    epochs = []
    ALS.fit(SPLIT, SETTINGS.model_copy(update={"max_minutes": 1e-9}), epochs.append)
    assert len(epochs) == 1


def test_the_time_ends_a_round_too_and_the_best_state_stays(monkeypatch):
    now, plain = [0.0], als._half

    def half(matrix, factors, settings, between):
        now[0] += 20  # a round takes 40 seconds
        return plain(matrix, factors, settings, between)

    monkeypatch.setattr(als, "_half", half)
    monkeypatch.setattr(als.time, "perf_counter", lambda: now[0])
    epochs = []
    model = ALS.fit(SPLIT, SETTINGS.model_copy(update={"max_minutes": 1.1, "epochs": 9}), epochs.append)
    assert len(epochs) == 1  # the second would have ended after 80 seconds, and the time was up after 66
    assert now[0] == 80
    assert (model.training["ended"], model.training["epochs"], model.training["best_epoch"]) == ("max_minutes", 1, 1)
    one_round = ALS.fit(SPLIT, SETTINGS.model_copy(update={"epochs": 1}))
    assert all(torch.equal(array, one_round.arrays()[name]) for name, array in model.arrays().items())


def test_factors_that_are_not_numbers_end_the_training(monkeypatch):
    monkeypatch.setattr(als, "_half", lambda matrix, *_: torch.full((matrix.shape[0], 5), torch.nan))
    with pytest.raises(RecommenderError, match=r"alpha=6 and regularisation=0\.5 in float32"):
        ALS.fit(SPLIT, SETTINGS)


def test_keeps_the_contract_and_a_model_folder_brings_it_back(tmp_path):
    check_recommender(MODEL)
    check_recommender(untrained(4, items=12))
    save_model(MODEL, tmp_path / "m", SPLIT)
    again = load_model(tmp_path / "m")
    assert again.fingerprint == MODEL.fingerprint
    assert again.settings == SETTINGS
    assert again.training == MODEL.training
    assert MODEL.to("cpu").fingerprint == MODEL.fingerprint


def test_alpha_and_regularisation_are_part_of_what_was_learned():
    arrays = MODEL.arrays()
    again = ALS.from_arrays(arrays, SPLIT.catalogue)
    assert (again.settings.alpha, again.settings.regularisation, again.settings.factors) == (6, 0.5, 5)
    other = ALS.from_arrays({"item_factors": arrays["item_factors"]}, SPLIT.catalogue, AlsSettings(alpha=7))
    assert other.settings.alpha == 7
    assert other.fingerprint != MODEL.fingerprint


def test_the_system_is_prepared_in_float64():
    system = System.of(torch.full((3, 2), 0.1), regularisation=1e-9)
    exact = torch.full((3, 2), 0.1).double()
    assert system.gram.dtype is torch.float64
    torch.testing.assert_close(system.gram, exact.T @ exact + 1e-9 * torch.eye(2).double(), rtol=1e-15, atol=0)


@pytest.mark.parametrize(
    ("settings", "match"),
    [({"alpha": 0}, "alpha=0"), ({"regularisation": 0}, "regularisation=0"), ({"factors": 0}, "factors")],
)
def test_settings_out_of_range_are_refused(settings, match):
    with pytest.raises(SettingsError, match=match):
        AlsSettings(**settings)


def test_settings_of_something_else_are_refused():
    with pytest.raises(SettingsError, match="EaseSettings given to als, which takes AlsSettings"):
        ALS.fit(SPLIT, EaseSettings())


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"y": np.zeros((3, 2))}, r"'item_factors' is missing \(found: y\)"),
        (
            {"item_factors": np.zeros((2, 2))},
            r"float64 of shape \(2, 2\), expected real numbers of shape \(3, any\) for als with 3",
        ),
        ({"item_factors": np.zeros((3, 0))}, "expected real numbers of shape"),
        ({"item_factors": np.zeros(3)}, "expected real numbers of shape"),
        ({"item_factors": np.full((3, 2), "x")}, "expected real numbers of shape"),
        ({"item_factors": np.full((3, 2), np.inf)}, "NaN or infinite"),
        (
            {"item_factors": np.zeros((3, 2)), "fold_in": np.array([1.0])},
            "'fold_in' is .*, expected alpha and regularisation",
        ),
        ({"item_factors": np.zeros((3, 2)), "fold_in": np.array([1.0, 0.0])}, "above 0"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, match):
    with pytest.raises(ModelFolderError, match=match):
        ALS.from_arrays(arrays, catalogue_of(3))


def test_a_model_that_has_learned_nothing_since_shows_the_same_arrays():
    model = ALS(catalogue_of(3), torch.ones(3, 2), AlsSettings())
    first = model.arrays()
    assert all(model.arrays()[name] is array for name, array in first.items())


def exactly(factors, alpha, regularisation, items, kept):
    """Return the scores of one history with 50 digits."""
    with mpmath.workdps(50):
        y = mpmath.matrix(factors.tolist())
        left, right = y.T * y + regularisation * mpmath.eye(y.cols), mpmath.matrix(y.cols, 1)
        for item, weight in zip(items, kept.tolist(), strict=True):
            z = mpmath.matrix(factors[item].tolist())
            left, right = left + alpha * weight * z * z.T, right + (1 + alpha) * weight * z
        return np.array([float(score) for score in y * mpmath.lu_solve(left, right)])


@pytest.mark.parametrize("dimensions", [6, 20])
@pytest.mark.parametrize("largest", [1e7, 1e9, 1e12])
def test_noise_does_not_decide_where_weights_are_large(dimensions, largest):
    """Counts up to ten million and more: taking an item out of the whole again would leave 6 digits of 16, or none."""
    random = np.random.default_rng(4)
    factors = random.normal(size=(30, dimensions)).astype(np.float32)
    model = ALS.from_arrays({"item_factors": factors, "fold_in": np.array([40.0, 0.125])}, catalogue_of(30))
    histories = [random.permutation(30)[: 4 + 3 * row].tolist() for row in range(4)]
    weights = [np.floor(np.exp(random.random(len(history)) * np.log(largest))).tolist() for history in histories]
    batch = HistoryBatch.of(histories, weights=weights)
    keep = unchanged(batch).repeat(1, 4, 1)
    keep[:, 1, ::2] = keep[:, 2, 0] = keep[:, 3] = 0
    among, bound = model.score(batch, keep), model.bind(batch, torch.arange(30).repeat(4, 1))(keep)
    chosen = model.bind(batch)(keep[[3, 1]], torch.tensor([3, 1]))
    assert torch.allclose(chosen, among[[3, 1]], rtol=model.rounding, atol=model.rounding * model.scale)
    for row, history in enumerate(histories):
        alone = HistoryBatch.of([history], weights=[weights[row]])
        by_itself = model.score(alone, keep[row : row + 1, :, : len(history)])[0]
        for number, kept in enumerate(keep[row, :, : len(history)].numpy() * np.array(weights[row])):
            scores = exactly(factors, 40.0, 0.125, history, kept)
            level = model.rounding * np.maximum(np.abs(scores), np.sort(np.abs(scores))[-10])
            for found in (among[row, number], bound[row, number], by_itself[number]):
                assert (np.abs(found.numpy() - scores) <= level).all()


def test_large_weights_have_a_gradient():
    model = untrained(6)
    batch = HistoryBatch.of([[1, 2, 3, 7], [5, 6]], weights=[[1.0, 1e4, 30.0, 1e6], [1e5, 2.0]])
    keep = 0.5 + 0.25 * unchanged(batch)
    assert torch.autograd.gradcheck(lambda kept: model.score(batch, kept), keep.requires_grad_(), eps=1e-7, atol=1e-5)


def test_histories_of_any_weights_are_chosen_among_others():
    """The equations of such a history cannot be written down in float64; it is solved by rows and needs none of them."""
    random = np.random.default_rng(0)
    factors = (random.normal(size=(12, 3)) + 1000 * random.integers(-1, 2, (12, 1))).astype(np.float32)
    model = ALS.from_arrays({"item_factors": factors, "fold_in": np.array([10.0, 0.1])}, catalogue_of(12))
    batch = HistoryBatch.of([[0, 1, 2, 3], [4, 5, 6]], weights=[[1e12, 1.0, 1e12, 1.0], [1.0, 1e12, 1e12]])
    keep = unchanged(batch)
    chosen = model.bind(batch)(keep[[1, 0]], torch.tensor([1, 0]))
    assert torch.isfinite(chosen).all()
    assert torch.allclose(chosen, model.score(batch, keep)[[1, 0]], rtol=model.rounding)


def test_equations_that_cannot_be_solved_are_refused_by_their_settings():
    told = r"cannot be solved with alpha=1e\+300 and .* Raise the regularisation, or lower alpha"
    with pytest.raises(RecommenderError, match=told):
        ALS.fit(tiny_split(), AlsSettings(factors=2, epochs=1, alpha=1e300))
