from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import topple
from topple.data.layout import read_split, write_split
from topple.data.preparation import Preparation, prepare
from topple.data.reading import read_interactions
from topple.data.rows.events import Events
from topple.errors import DataError
from topple.recommenders.families.sequences import in_order, time_ranks
from topple.recommenders.models.sasrec import SASRec, SASRecSettings
from topple.recommenders.training.quality import held_out_quality

PLAYED = {f"u{user}": [f"s{(user + step * step) % 11}" for step in range(12)] for user in range(30)}
"""What each user played, oldest first: songs come again."""
LOOSE = Preparation(min_items=3)


def table(**more):
    rows = [(user, song) for user, songs in PLAYED.items() for song in songs]
    order = np.random.default_rng(0).permutation(len(rows))
    when = np.arange(len(rows)) % 12
    users, songs = zip(*(rows[number] for number in order), strict=True)
    return pa.table({"user": users, "item": songs, "when": when[order], **more})


def split_of(**options):
    return prepare(read_interactions(table(), timestamp="when", duplicates="keep", **options), LOOSE)


def everybody(split):
    return [*split.train_users.ids, *split.validation.users.ids, *split.test.users.ids]


def expected(split, user):
    """Return what the user played, less the songs that are held out or that no training user played."""
    held = {}
    for part in (split.validation, split.test):
        for row, who in enumerate(part.users.ids):
            held[who] = set(split.catalogue.vocabulary.decode(part.held_out[row].indices))
    return tuple(song for song in PLAYED[user] if song in split.catalogue.vocabulary and song not in held.get(user, ()))


def test_every_event_stays_in_order_from_reading_to_the_history():
    split = split_of()
    assert any(len(set(history)) < len(history) for history in split.histories(everybody(split)).values())
    for user in everybody(split):
        assert split.history(user) == expected(split, user)
        assert split.history(user).weights == ()
    assert split.describe()["train"]["events"] == sum(len(PLAYED[user]) for user in split.train_users.ids)


def test_events_are_saved_with_the_split(tmp_path):
    split = split_of()
    write_split(split, tmp_path / "split")
    again = read_split(tmp_path / "split")
    assert again.histories(everybody(split)) == split.histories(everybody(split))
    assert again.fingerprint == split.fingerprint != replace(split, events=None).fingerprint
    (tmp_path / "split" / "test_events.csv").write_text("uid,sid\nu1,0\n")
    with pytest.raises(
        DataError, match=r"test_events\.csv does not hold the pairs .* Prepare the folder anew, or delete"
    ):
        read_split(tmp_path / "split")


def test_other_models_learn_how_often():
    split = split_of()
    user = split.train_users.ids[0]
    counts = Counter(PLAYED[user])
    row = split.train[0].toarray()[0]
    assert {song: row[split.catalogue.vocabulary.encode([song])[0]] for song in counts} == counts
    weighted = read_interactions(table(weight=np.full(360, 0.5)), timestamp="when", duplicates="keep")
    assert prepare(weighted, LOOSE).history(user).weights == (0.5,) * 12


def test_sasrec_is_trained_and_judged_on_the_events():
    split = split_of()
    ranks = time_ranks(split)
    for row, user in enumerate(split.train_users.ids):
        _, items = in_order(ranks[[row]], topple_random())
        assert split.catalogue.vocabulary.decode(items.numpy()) == tuple(PLAYED[user])
    model = SASRec.fit(split, SASRecSettings(epochs=1, dimensions=4))
    merged = replace(split.test, events=None)
    assert held_out_quality(model, split.test) != held_out_quality(model, merged)
    user = next(user for user in split.test.users.ids if len(set(split.history(user))) < len(split.history(user)))
    (found, *_) = topple.explain(model, {user: split.history(user)}, k=2, repeats="events", progress=False)
    assert found.query.history == expected(split, user)


def topple_random():
    import torch

    return torch.Generator().manual_seed(0)


def test_models_that_read_no_sequence_are_fitted_on_each_item_once(caplog):
    split = split_of()
    model = topple.fit(split, "ease", progress=False)
    assert "ease reads no sequence: it is fitted on split.merged()" in caplog.text
    assert model.training["data"] == split.merged().fingerprint
    user = next(user for user in split.test.users.ids if len(set(split.history(user))) < len(split.history(user)))
    once = split.merged().history(user)
    assert Counter(expected(split, user)) == dict(zip(once, once.weights, strict=True))
    np.testing.assert_allclose(topple.score(model, once), topple.score(model, split.history(user)))
    assert split.merged().merged() is not split
    plain = replace(split.merged(), name="plain")
    assert plain.merged() is plain


def test_a_model_of_sequences_does_not_call_repeats_weights(caplog):
    model = topple.fit(split_of(), "sasrec", settings={"epochs": 1, "dimensions": 4}, progress=False)
    assert "weights" not in caplog.text
    assert "weights" not in model.training


def test_a_split_without_interactions_lacks_the_events_of_them():
    split = split_of()
    user = split.train_users.ids[3]
    gone = PLAYED[user][0]
    without = split.without(user, [gone])
    assert without.history(user) == tuple(song for song in PLAYED[user] if song != gone)
    assert without.history(split.train_users.ids[4]) == split.history(split.train_users.ids[4])


def test_lists_with_repeats_are_kept_too(tmp_path):
    path = tmp_path / "lists.txt"
    path.write_text("".join(" ".join([user, *songs]) + "\n" for user, songs in PLAYED.items()))
    split = prepare(read_interactions(path, form="adjacency", duplicates="keep"), LOOSE)
    assert all(split.history(user) == expected(split, user) for user in everybody(split))
    repeated = sum(len(songs) - len(set(songs)) for songs in PLAYED.values())
    assert (
        f"Kept as events of a history: {repeated} rows repeating a pair of user and item." in split.account.sentences()
    )


def test_what_cannot_be_kept_is_refused():
    with pytest.raises(
        DataError, match=r"keeps every row as an event, and the order of the events is not known.*--ordered"
    ):
        read_interactions(table(), duplicates="keep")
    with pytest.raises(
        DataError, match=r"the events of a history have weights and no ratings\. Read the ratings as weights"
    ):
        read_interactions(table(), duplicates="keep", timestamp="when", rating="when")


def test_events_without_a_weight_are_none_and_weights_below_nothing_are_refused():
    columns = {"user": ["b", "a", "a", "a", "c"], "item": ["x", "x", "y", "x", "y"]}
    read = read_interactions(pa.table(columns | {"weight": [0.0, 1, 2, 3, 0]}), ordered=True, duplicates="keep")
    assert (read.users.ids, read.catalogue.vocabulary.ids) == (("a",), ("x", "y"))
    items, weights = read.events[0]
    assert (items.tolist(), weights.tolist()) == ([0, 1, 0], [1, 2, 3])
    with pytest.raises(DataError, match="1 of 5 rows have a weight below 0, first -1 in row 3 of column 'weight'"):
        read_interactions(pa.table(columns | {"weight": [1.0, 2, -1, 3, 4]}), ordered=True, duplicates="keep")


def test_events_of_a_part():
    log = Events.of(np.array([1, 0, 1, 1]), np.array([5, 2, 3, 5]), np.array([3, 1, 2, 1]), np.array([1.0, 2, 3, 4]), 3)
    items, weights = log[1]
    assert (items.tolist(), weights.tolist()) == ([5, 3, 5], [4, 3, 1])
    assert (log[0][0].tolist(), log[2][0].tolist(), len(log)) == ([2], [], 4)
    assert log.without(1, np.array([5]))[1][0].tolist() == [3]
    assert log.matrix(6)[1].indices.tolist() == [5, 3, 5]
    assert log.matrix(6)[1].data.tolist() == [1, 2, 3]
