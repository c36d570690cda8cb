import logging

import pyarrow as pa
import pytest

from topple.data.preparation import Preparation, prepare
from topple.data.reading import read_interactions
from topple.data.rows.account import Account, Dropped, Order, Step


def messy():
    """Return a table of ratings of 20 users, with two holes, three repeats, low ratings and users of few items."""
    rows = [
        (f"u{user}", f"i{(user * 3 + step) % 11}", 5, f"2024-01-{step + 1:02d}")
        for user in range(20)
        for step in range(6)
    ]
    rows += [(f"u{user}", f"i{(user * 3 + 6) % 11}", 2, "2024-02-01") for user in range(20)]
    rows += rows[:3]
    rows += [
        ("few", "i1", 5, "2024-03-01"),
        ("few", "only here", 4, "2024-03-02"),
        ("few", "disliked", 1, "2024-03-03"),
    ]
    rows += [(None, "i1", 5, "2024-03-01"), ("u1", None, 5, "2024-03-01")]
    return pa.table(dict(zip(("user", "item", "rating", "when"), map(list, zip(*rows, strict=True)), strict=True)))


def read(**options):
    given = {"rating": "rating", "timestamp": "when", "drop_missing": True, "duplicates": "first"} | options
    return read_interactions(messy(), **given)


def test_reading_accounts_for_every_row():
    account = read().account
    assert (account.rows, account.users, account.items) == (148, 21, 13)
    assert account.span == ("2024-01-01", "2024-03-03")
    assert account.order is Order.TIMES
    assert [(step.why, step.rows) for step in account.steps] == [(Dropped.HOLES, 2), (Dropped.REPEATS, 3)]
    assert account.rows - sum(step.rows for step in account.steps) == len(read())


def test_preparing_accounts_for_every_interaction(caplog):
    with caplog.at_level(logging.INFO, logger="topple"):
        split = prepare(read(), Preparation(min_items=5))
    left_out = {step.why: step for step in split.account.steps}
    assert list(left_out) == [Dropped.HOLES, Dropped.REPEATS, Dropped.NOT_POSITIVE, Dropped.FEW_ITEMS]
    assert (left_out[Dropped.NOT_POSITIVE].rows, left_out[Dropped.NOT_POSITIVE].items) == (21, 1)
    few = left_out[Dropped.FEW_ITEMS]
    assert (few.rows, few.users, few.items) == (2, 1, 1)
    used = split.train.nnz + sum(part.fold_in.nnz + part.held_out.nnz for part in (split.validation, split.test))
    assert used == 148 - sum(step.rows for step in split.account.steps)
    for sentence in split.account.sentences():
        assert sentence in caplog.text


def test_items_that_no_training_user_met_are_accounted_for():
    rows = [(user, item) for user in range(10) for item in range(6)] + [(user, f"only {user}") for user in range(10)]
    table = pa.table({"user": [user for user, _ in rows], "item": [str(item) for _, item in rows]})
    split = prepare(read_interactions(table), Preparation(min_items=2))
    (step,) = split.account.steps
    assert (step.why, step.rows, step.users, step.items) == (Dropped.UNSEEN_ITEMS, 2, 0, 2)
    assert step.sentence() == "2 interactions of held-out users with 2 items that no training user met."


def test_the_sentences():
    assert prepare(read(), Preparation(min_items=5)).account.sentences() == [
        "148 rows: 21 users, 13 items, from 2024-01-01 to 2024-03-03.",
        "Left out: 2 rows with something missing, by column: user 1, item 1.",
        "Left out: 3 rows repeating a pair of user and item: the first is kept.",
        "Left out: 21 interactions with a rating that is not above 3.5 (1 item had no other).",
        "Left out: 2 interactions of 1 user with fewer than 5; 1 item left with them.",
        "Order of the events: by their times.",
    ]


def test_columns_that_look_like_times_and_ratings_and_are_not_read_are_named():
    lines = read(rating=None, timestamp=None).account.sentences()
    assert (
        "Order of the events: not known, histories come sorted by item id; the column 'when' was not read (--time-column)."
        in lines
    )
    assert (
        "The column 'rating' was not read: every row counts as positive, whatever the rating (--rating-column)."
        in lines
    )
    assert read(rating=None, timestamp=None).account.unread == {"time": "when", "rating": "rating"}


def test_of_a_table_without_a_header_all_columns_that_are_not_read_are_named(tmp_path):
    (tmp_path / "u.data").write_text("1\t5\t3\t881250949\n1\t6\t4\t881250950\n")
    told = "Columns that were not read: 3, 4 (--rating-column, --weight-column and --time-column name one)."
    how = {"separator": "tab", "header": False}
    assert told in read_interactions(tmp_path / "u.data", **how).account.sentences()
    known = read_interactions(tmp_path / "u.data", rating="3", timestamp="4", **how)
    assert not any("not read" in line for line in known.account.sentences())


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("last", "the last is kept"),
        ("max", "the largest is kept"),
        ("count", "they are counted, and the count is the weight"),
    ],
)
def test_how_repeats_are_merged_is_said(by, told):
    assert f"repeating a pair of user and item: {told}." in " ".join(read(duplicates=by).account.sentences())


def test_weights_that_come_to_nothing():
    table = pa.table({"user": [1, 1, 2], "item": [1, 2, 1], "weight": [1.0, 0.0, 2.0]})
    account = read_interactions(table).account
    assert account.sentences()[1] == "Left out: 1 interaction whose weights come to 0 (1 item had no other)."


def test_as_json_and_an_account_of_nothing():
    told = prepare(read(), Preparation(min_items=5)).account.as_json()
    assert told["left_out"][0] == {"why": "holes", "rows": 2, "users": 0, "items": 0, "detail": {"user": 1, "item": 1}}
    assert told["left_out"][3] == {"why": "few_items", "rows": 2, "users": 1, "items": 1, "detail": {"minimum": 5}}
    assert (told["rows"], told["order"], told["span"]) == (148, "times", ["2024-01-01", "2024-03-03"])
    assert Account().sentences() == []
    assert Account().then(Step(Dropped.HOLES, 0)) == Account()
