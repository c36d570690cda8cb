from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import topple
from topple.recommenders.families.sequences import in_order
from topple.recommenders.models.sasrec import SASRec, SASRecSettings
from topple.recommenders.saving.folders import load_model_split, save_model
from topple.recommenders.training.quality import held_out_quality
from topple.scoring.recommender import Capability
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender, tiny_split

SPLIT = tiny_split()
ITEMS = len(SPLIT.catalogue)
QUICK = {"epochs": 3, "dimensions": 8, "batch_size": 16, "learning_rate": 0.02}


def random_model(max_length=6, seed=0, **changes):
    """Return an untrained model whose every number matters: norms and biases are random too."""
    settings = SASRecSettings(dimensions=8, max_length=max_length, **changes)
    random = np.random.default_rng(seed)
    shapes = SASRec.shapes(ITEMS, settings)
    return SASRec.from_arrays({n: random.normal(0, 0.7, s) for n, s in shapes.items()}, SPLIT.catalogue, settings)


MODEL = random_model()


def backwards():
    """Return the split with times that run against the order of the catalogue."""
    return replace(SPLIT, times=np.concatenate([-row.indices.astype(np.float64) for row in SPLIT.train]))


def by_hand(model, history, after=0, kept=None):
    """Score one sequence as the paper says, position by position, in float64 numpy.

    `after` more items will follow. Where `kept` gives shares, positions and states are mixed as the model's docstring says.
    """
    p = {name: array.double().numpy() for name, array in model.arrays().items()}
    if kept is None:
        history = history[-model.settings.max_length :]
    d, length, most = model.settings.dimensions, len(history), model.settings.max_length
    kept = np.ones(length) if kept is None else np.array(kept)
    follow = np.array([kept[index + 1 :].sum() + after for index in range(length)])
    inside = kept * np.clip(most - follow, 0, 1)

    def norm(x, scale_and_shift):
        centred = x - x.mean()
        return centred / np.sqrt((centred**2).mean() + 1e-5) * scale_and_shift[0] + scale_and_shift[1]

    def position(at):
        return np.array([np.interp(at, np.arange(most), column) for column in p["positions"].T])

    x = [p["items"][item] * np.sqrt(d) + position(at) for item, at in zip(history, follow, strict=True)]
    for block in range(model.settings.blocks):
        asked, out = [norm(part, p[f"{block}.norm_attention"]) for part in x], []
        for index in range(length):
            ask = asked[index] @ p[f"{block}.query"]
            match = [ask @ (x[j] @ p[f"{block}.key"]) / np.sqrt(d) for j in range(index + 1)]
            share = np.exp(match) * np.append(inside[:index], 1)
            share /= share.sum()
            mixed = sum(share[j] * (x[j] @ p[f"{block}.value"]) for j in range(index + 1))
            state = norm(asked[index] + mixed, p[f"{block}.norm_feed_forward"])
            bias = p[f"{block}.biases"]
            inner = np.maximum(state @ p[f"{block}.first"] + bias[0], 0) @ p[f"{block}.second"] + bias[1]
            out.append(state + inner)
        x = out
    last = [inside[index] * np.prod(1 - kept[index + 1 :]) for index in range(length)]
    return p["items"] @ sum(share * norm(part, p["norm"]) for share, part in zip(last, x, strict=True))


def score(model, history, kept=None):
    batch = HistoryBatch.of([history])
    keep = unchanged(batch) if kept is None else torch.tensor(kept, dtype=torch.float64)[None, None]
    return model.score(batch, keep)[0, 0].numpy()


@pytest.mark.parametrize("length", [1, 2, 5, 6, 7, 20])
def test_scores_are_those_of_the_paper(length):
    history = np.random.default_rng(length).permutation(ITEMS)[:length].tolist()
    np.testing.assert_allclose(score(MODEL, history), by_hand(MODEL, history), rtol=1e-9, atol=1e-9)


@given(st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=14, unique=True), st.integers(0, 2**14 - 1))
def test_a_removal_scores_exactly_as_the_shortened_sequence(history, bits):
    kept = [(bits >> index) & 1 for index in range(len(history))]
    left = [item for item, stays in zip(history, kept, strict=True) if stays]
    expected = by_hand(MODEL, left) if left else np.zeros(ITEMS)
    np.testing.assert_allclose(score(MODEL, history, kept), expected, rtol=1e-9, atol=1e-9)


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_shares_in_between_mix_positions_and_states(length, seed):
    random = np.random.default_rng(seed)
    history = random.permutation(ITEMS)[:length].tolist()
    kept = np.where(random.random(length) < 0.5, random.random(length), random.integers(0, 2, length))
    np.testing.assert_allclose(score(MODEL, history, kept), by_hand(MODEL, history, kept=kept), rtol=1e-8, atol=1e-8)


def test_scores_with_a_gradient_are_the_scores_without():
    batch = HistoryBatch.of([[3, 1, 4, 15, 9, 2, 6, 5], [8, 7, 0], [11]])
    keep = unchanged(batch).repeat(1, 3, 1)
    keep[:, 1, 0], keep[:, 2, 2:] = 0, 0
    with torch.no_grad():
        plain = MODEL.score(batch, keep)
    torch.testing.assert_close(MODEL.score(batch, keep.requires_grad_()), plain, rtol=1e-9, atol=1e-9)


def test_the_gradient_at_whole_numbers_is_finite_and_reaches_removed_items():
    batch = HistoryBatch.of([[3, 1, 4, 15, 9]])
    keep = torch.tensor([[[1.0, 0, 1, 1, 0]]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(MODEL.score(batch, keep)[0, 0, 20], keep)
    assert torch.isfinite(slope).all()
    assert (slope[0, 0] != 0).all()


def test_the_order_of_the_history_matters_and_it_is_declared():
    assert Capability.ORDER_AWARE in SASRec.capabilities
    assert np.abs(score(MODEL, [1, 2, 3]) - score(MODEL, [3, 2, 1])).max() > 0.1


def test_only_the_last_items_count_until_a_removal_brings_an_older_one_back():
    long = [20, 21, 1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(score(MODEL, long), score(MODEL, long[2:]), rtol=1e-12)
    back = score(MODEL, long, [1, 1, 1, 1, 1, 1, 1, 0])
    np.testing.assert_allclose(back, score(MODEL, [21, 1, 2, 3, 4, 5]), rtol=1e-9)
    assert np.abs(back - score(MODEL, [1, 2, 3, 4, 5])).max() > 1e-3


def test_scores_do_not_depend_on_how_many_are_worked_on_at_a_time(set_memory):
    batch = HistoryBatch.of([[1, 2, 3], [3, 9], [20], list(range(12))])
    keep = unchanged(batch).repeat(1, 4, 1)
    keep[:, 1:, 0] = 0
    together = MODEL.score(batch, keep)
    set_memory(1)
    torch.testing.assert_close(MODEL.score(batch, keep), together, rtol=1e-12, atol=1e-12)


def test_long_histories_are_scored():
    model = SASRec.fit(SPLIT, SASRecSettings(**{**QUICK, "epochs": 1}))
    catalogue = topple.Catalogue(topple.Vocabulary(list(range(600))))
    large = {**model.arrays(), "items": torch.randn(600, 8, generator=torch.Generator().manual_seed(0))}
    model = SASRec.from_arrays(large, catalogue, model.settings)
    history = torch.randperm(600, generator=torch.Generator().manual_seed(1))[:450].tolist()
    np.testing.assert_allclose(score(model, history), score(model, history[-200:]), rtol=1e-9)


@pytest.mark.parametrize(
    "changes", [{}, {"max_length": 2}, {"blocks": 1, "negatives": 5, "dropout": 0.0, "held_out": 0.0}]
)
def test_keeps_the_contract(changes):
    check_recommender(SASRec.fit(SPLIT, SASRecSettings(**QUICK, **changes)))
    check_recommender(random_model(**changes))


def ranked(*sequences):
    """Return a batch of users: the items of each, in order."""
    matrix = np.zeros((len(sequences), ITEMS), dtype=np.float32)
    for row, sequence in enumerate(sequences):
        matrix[row, sequence] = np.arange(len(sequence)) + 1
    return sparse.csr_matrix(matrix)


def cross_entropy(scores, wanted):
    return np.log(np.exp(scores - scores.max()).sum()) + scores.max() - np.mean([scores[item] for item in wanted])


def seeded():
    return torch.Generator().manual_seed(0)


def test_without_held_out_items_every_next_item_is_predicted():
    model = random_model(dropout=0.0, held_out=0.0)
    sequences = [[4, 9, 2], [7, 1, 0, 5, 11, 3, 8, 6, 20], [13]]  # the second is longer than max_length + 1
    losses = []
    for sequence in sequences[:2]:
        recent, by_position = sequence[-7:], []
        for index in range(len(recent) - 1):
            scores = by_hand(model, recent[: index + 1], after=len(recent) - 2 - index)
            by_position.append(cross_entropy(scores, recent[index + 1 : index + 2]))
        losses.append(np.mean(by_position))
    losses.append(0)  # a single item has none that comes next
    batch = ranked(*sequences)
    assert float(model.loss(batch, 0, seeded())) == pytest.approx(np.mean(losses), rel=1e-5)
    few = random_model(dropout=0.0, held_out=0.0, negatives=5).loss(batch, 0, seeded())
    assert 0 < float(few) < np.mean(losses)


def test_held_out_items_are_predicted_from_what_is_left(monkeypatch):
    model = random_model(dropout=0.0, held_out=0.4)
    sequences = [[4, 9, 2, 8], [7, 1, 0, 5, 11, 3, 8, 6, 20], [13]]
    out = torch.tensor([1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]).bool()
    at = torch.split(out, [4, 9, 1])
    held = torch.cat([at[2], at[0], at[1]])  # users of like length together
    losses = []
    for user, sequence in enumerate(sequences):
        left = [item for item, gone in zip(sequence, at[user].tolist(), strict=True) if not gone][-6:]
        wanted = [item for item, gone in zip(sequence, at[user].tolist(), strict=True) if gone]
        losses.append(cross_entropy(by_hand(model, left), wanted) if wanted else 0)
    assert [loss > 0 for loss in losses] == [True, True, False]
    monkeypatch.setattr(torch, "rand", lambda *shape, generator, dtype: torch.where(held, 0.1, 0.9))
    found = model.loss(ranked(*sequences), 0, seeded())
    assert float(found) == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize("in_time", [True, False])
def test_it_is_trained_on_sequences_in_time_order(monkeypatch, in_time):
    batches, plain = [], SASRec.loss

    def loss(self, batch, update, random):
        batches.append(batch)
        return plain(self, batch, update, random)

    monkeypatch.setattr(SASRec, "loss", loss)
    before = SPLIT.train.data.copy()
    SASRec.fit(backwards() if in_time else SPLIT, SASRecSettings(**QUICK))
    assert (SPLIT.train.data == before).all()
    for row in (row for batch in batches for row in batch):
        numbers = np.arange(row.nnz) + 1
        assert row.data.tolist() == (numbers[::-1] if in_time else np.ones(row.nnz)).tolist()


def test_items_of_equal_times_are_shuffled_and_no_others():
    row = sparse.csr_matrix(np.array([[2, 1, 2, 3, 2] + [0] * (ITEMS - 5)], dtype=np.float32))
    seen = set()
    for seed in range(60):
        _, items = in_order(row, torch.Generator().manual_seed(seed))
        seen.add(tuple(items.tolist()))
    assert seen == {(1, *middle, 3) for middle in permutations((0, 2, 4))}


def test_it_learns():
    epochs = []
    settings = SASRecSettings(**{**QUICK, "epochs": 15, "dropout": 0.0, "held_out": 0.0})
    SASRec.fit(backwards(), settings, on_epoch=epochs.append)
    assert epochs[-1].loss < epochs[0].loss - 0.5


def test_validation_histories_are_given_in_time_order():
    held = SPLIT.validation
    late = replace(held, times=-held.fold_in.indices.astype(np.float64))
    forwards, backwards = held_out_quality(MODEL, held), held_out_quality(MODEL, late)
    assert forwards != backwards
    reversed_ = {user: history[::-1] for user, history in SPLIT.histories(held.users.ids).items()}
    assert replace(SPLIT, validation=late).histories(held.users.ids) == reversed_


def test_the_seed_decides():
    settings = SASRecSettings(**QUICK)
    one, again = SASRec.fit(SPLIT, settings), SASRec.fit(SPLIT, settings)
    other = SASRec.fit(SPLIT, settings.model_copy(update={"seed": 1}))
    assert one.fingerprint == again.fingerprint != other.fingerprint


def test_a_model_folder_brings_it_back_and_it_explains(tmp_path):
    model = SASRec.fit(backwards(), SASRecSettings(**QUICK))
    save_model(model, tmp_path / "m", backwards())
    loaded = topple.load_model(tmp_path / "m")
    split = load_model_split(tmp_path / "m")
    assert loaded.fingerprint == model.fingerprint
    assert split.histories(limit=3) == backwards().histories(limit=3)
    for explainer in ("auto", "lcer-rank"):
        explained = topple.explain(model, split.histories(limit=2), k=2, explainer=explainer, progress=False)
        assert len(explained) == 4
        assert {e.status for e in explained} <= {topple.Status.FOUND, topple.Status.NOT_FOUND, topple.Status.IMPOSSIBLE}


class TestRepeats:
    """An item that comes again is one more event of the sequence."""

    AGAIN = (10, 12, 10, 8, 12)

    @given(st.lists(st.integers(0, 5), min_size=1, max_size=9), st.integers(0, 2**9 - 1))
    def test_each_event_is_read_and_removed_by_itself(self, history, bits):
        kept = [(bits >> index) & 1 for index in range(len(history))]
        left = [item for item, stays in zip(history, kept, strict=True) if stays]
        expected = by_hand(MODEL, left) if left else np.zeros(ITEMS)
        np.testing.assert_allclose(score(MODEL, history, kept), expected, rtol=1e-9, atol=1e-9)

    def smallest(self, target, k, rule, repeats):
        """Return the fewest units without which fewer than `k` items outrank the target no longer, by hand; None: no set does it."""
        history = self.AGAIN
        units = [(p,) for p in range(len(history))]
        if repeats == "item":
            units = [tuple(p for p, met in enumerate(history) if met == item) for item in dict.fromkeys(history)]
        for size in range(1, len(units) + 1):
            for chosen in combinations(units, size):
                left = [item for p, item in enumerate(history) if p not in {at for unit in chosen for at in unit}]
                scores = by_hand(MODEL, left) if left else np.zeros(ITEMS)
                seen = set() if rule == "all" else set(history)
                if sum(scores[other] > scores[target] + 1e-9 for other in range(ITEMS) if other not in seen) >= k:
                    return size
        return None

    @pytest.mark.parametrize("repeats", ["item", "events"])
    @pytest.mark.parametrize("rule", ["unseen_before", "all"])
    def test_the_smallest_sets_are_those_found_by_hand(self, rule, repeats):
        ids = MODEL.catalogue.vocabulary.ids
        history = [ids[item] for item in self.AGAIN]
        asked = {"k": 6, "rule": rule, "repeats": repeats, "explainer": "exhaustive", "progress": False}
        explained = topple.explain(MODEL, history, **asked)
        assert any(e.valid for e in explained)
        for e in explained:
            by_brute_force = self.smallest(ids.index(e.query.target), 6, rule, repeats)
            assert (len(e.items) if e.valid else None) == by_brute_force
            if repeats == "item":
                assert e.positions == tuple(p for p, item in enumerate(history) if item in e.items)
            else:
                assert [history[p] for p in e.positions] == list(e.items)
        owned = [e for e in explained if e.query.target in history]
        assert bool(owned) == (rule == "all")

    def test_a_single_event_may_be_named_and_the_sentence_says_which(self):
        ids = MODEL.catalogue.vocabulary.ids
        history = [ids[item] for item in self.AGAIN]
        asked = {"k": 6, "rule": "all", "repeats": "events", "explainer": "exhaustive", "progress": False}
        valid = [e for e in topple.explain(MODEL, history, **asked) if e.valid]
        assert {(2,), (0, 2)} <= {e.positions for e in valid}
        said = {e.positions: topple.sentence(e, MODEL.catalogue) for e in valid}
        assert f"because you liked *{history[2]}* (no. 2 of 2). Without this one" in said[2,]
        assert f"because you liked *{history[2]}* (all 2 times). Without these two" in said[0, 2]
