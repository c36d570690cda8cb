from dataclasses import replace

import pytest

from topple.reports.fitting import of_few, quality_sentence, split_sentences, training_sentences
from topple.testing import tiny_split


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "over 1 user: too few to go by"),
        (29, "over 29 users: too few to go by"),
        (30, "over 30 users"),
        (2000, "over 2,000 users"),
    ],
)
def test_a_mean_says_over_how_many_and_whether_they_are_few(count, told):
    assert of_few(count) == told
    assert (
        quality_sentence("test", {"ndcg_100": 0.25, "users": float(count)})
        == f"Quality on test users: NDCG@100 0.250, {told}."
    )


def test_quality_over_nobody_is_not_known():
    told = quality_sentence("validation", {"ndcg_100": float("nan"), "users": 0.0})
    assert told == "Quality on validation users: not known, none has both a history and held-out items."


def test_the_split():
    split = tiny_split()
    (line,) = split_sentences(replace(split, catalogue=replace(split.catalogue, titles=None)))
    held = split.test
    assert (
        f"{len(split.train_users)} users to train on, with {split.train.nnz:,} interactions of {len(split.catalogue)} items"
        in line
    )
    whole = held.fold_in.nnz + held.held_out.nnz
    assert line.endswith(
        f"{len(held.users)} ({held.held_out.nnz} of {whole} interactions are to be predicted) to test."
    )
    titles = ("Alien", *(str(item) for item in split.catalogue.vocabulary.ids[1:]))
    titled = replace(split, catalogue=replace(split.catalogue, titles=titles))
    assert split_sentences(titled)[-1] == f"Titles: 1 of {len(titles)} items have one."


LOOP = {"epochs": 3, "best_epoch": 2, "seconds": 75.2}


@pytest.mark.parametrize(
    ("training", "told"),
    [
        (
            LOOP | {"ended": "epochs"},
            "Trained: 3 epochs in 75 s; the state of epoch 2 is kept, the best of the validation users.",
        ),
        (
            LOOP | {"ended": "max_minutes", "batches_of_last_epoch": [40, 1200]},
            "The time was up, after 40 of the 1,200 batches of epoch 3 (--max-minutes).",
        ),
        (LOOP | {"ended": "max_minutes"}, "validation users. The time was up (--max-minutes)."),
        (LOOP | {"ended": "patience"}, "No epoch was better for long enough (patience)."),
        (LOOP | {"ended": "interrupt", "interrupted": True}, "It was interrupted."),
        ({"epochs": 1, "seconds": 0.25}, "Trained in 0.2 s."),
        ({"weights": "w.npz"}, "Taken, not trained: the weights of w.npz."),
    ],
)
def test_the_training(training, told):
    (line,) = training_sentences(training)
    assert line.endswith(told)
