import json

import numpy as np
import pyarrow as pa
import pytest

from topple.data.preparation import Preparation, prepare
from topple.data.reading import from_csr, read_interactions
from topple.data.rows.account import Order
from topple.recommenders.models.ease import EASE
from topple.recommenders.saving.folders import load_model_split, save_model

SESSIONS = {f"u{user}": [f"i{(user * 5 + step * 7) % 23}" for step in range(9)] for user in range(40)}
"""What each user met, oldest first: an order that no sorting of ids gives."""
LOOSE = Preparation(min_items=2)


def rows():
    return [(user, item) for user, items in SESSIONS.items() for item in items]


def table(order=None):
    chosen = rows() if order is None else [rows()[number] for number in order]
    users, items = zip(*chosen, strict=True)
    return pa.table({"user": users, "item": items})


def in_order(split):
    """Say whether every history is in the order of `SESSIONS`."""
    users = [*split.train_users.ids, *split.validation.users.ids, *split.test.users.ids]
    assert len(users) == len(SESSIONS)
    return all(
        split.history(user) == tuple(item for item in SESSIONS[user] if item in set(split.history(user)))
        and split.history(user).ordered
        for user in users
    )


def test_without_times_or_an_order_histories_say_that_they_have_none():
    read = read_interactions(table())
    split = prepare(read, LOOSE)
    assert read.order is None
    assert split.times is None
    assert not any(history.ordered for history in split.histories(split.train_users.ids).values())


def test_rows_that_are_in_order_stay_so_through_preparing_and_saving(tmp_path):
    read = read_interactions(table(), ordered=True)
    split = prepare(read, LOOSE)
    assert read.order is Order.ROWS
    assert in_order(split)
    save_model(EASE.fit(split), tmp_path / "m", split)
    assert in_order(load_model_split(tmp_path / "m"))


def test_rows_of_several_users_may_come_in_turns():
    length = len(SESSIONS["u0"])
    in_turns = [user * length + step for step in range(length) for user in range(len(SESSIONS))]
    assert in_order(prepare(read_interactions(table(in_turns), ordered=True), LOOSE))
    assert not in_order(prepare(read_interactions(table(in_turns[::-1]), ordered=True), LOOSE))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".jsonl", ".inter"])
def test_every_format_of_rows_has_an_order_when_it_is_told(tmp_path, suffix):
    path = tmp_path / f"seen{suffix}"
    if suffix == ".parquet":
        pa.parquet.write_table(table(), path)
    elif suffix == ".jsonl":
        path.write_text("".join(json.dumps({"user": user, "item": item}) + "\n" for user, item in rows()))
    else:
        separator = "," if suffix == ".csv" else "\t"
        header = ("user_id:token", "item_id:token") if suffix == ".inter" else ("user", "item")
        path.write_text("\n".join(separator.join(cells) for cells in [header, *rows()]) + "\n")
    assert in_order(prepare(read_interactions(path, ordered=True), LOOSE))
    assert prepare(read_interactions(path), LOOSE).times is None


@pytest.mark.parametrize("ordered", [False, True])
def test_lists_are_in_order_whether_it_is_told_or_not(tmp_path, ordered):
    adjacency, sessions = tmp_path / "lists.txt", tmp_path / "sessions.jsonl"
    adjacency.write_text("".join(" ".join([user, *items]) + "\n" for user, items in SESSIONS.items()))
    sessions.write_text("".join(json.dumps({"user": user, "item": items}) + "\n" for user, items in SESSIONS.items()))
    for path, form in ((adjacency, "adjacency"), (sessions, "table")):
        read = read_interactions(path, form=form, ordered=ordered)
        assert read.order is Order.LISTS
        assert in_order(prepare(read, LOOSE))


def test_a_user_of_several_lists_has_them_one_after_the_other(tmp_path):
    path = tmp_path / "sessions.jsonl"
    halves = [(user, items[:4]) for user, items in SESSIONS.items()] + [(u, items[4:]) for u, items in SESSIONS.items()]
    path.write_text("".join(json.dumps({"user": user, "item": items}) + "\n" for user, items in halves))
    assert in_order(prepare(read_interactions(path), LOOSE))


def test_rows_of_equal_times_are_in_order_where_that_is_told():
    days = [step // 4 for _ in SESSIONS for step in range(9)]
    shuffled = np.argsort(days, kind="stable")  # all of the first day, in the order of the rows, then the second
    timed = table(shuffled).append_column("day", pa.array(np.array(days)[shuffled]))
    read = read_interactions(timed, timestamp="day", ordered=True)
    assert read.order is Order.TIMES
    assert in_order(prepare(read, LOOSE))
    assert not in_order(prepare(read_interactions(timed, timestamp="day"), LOOSE))


def test_lists_with_one_time_a_list_stay_in_order(tmp_path):
    path = tmp_path / "sessions.jsonl"
    later = [{"user": user, "item": items[4:], "at": "2024-02-02"} for user, items in SESSIONS.items()]
    earlier = [{"user": user, "item": items[:4], "at": "2024-01-31"} for user, items in SESSIONS.items()]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*later, *earlier]))
    assert in_order(prepare(read_interactions(path, timestamp="at"), LOOSE))


def test_rows_that_are_left_out_or_merged_change_no_order():
    users, items = zip(*rows(), strict=True)
    again = prepare(read_interactions(table()), LOOSE).train_users.ids[0]
    holes = pa.table({"user": [None, *users, again], "item": ["i1", *items, SESSIONS[again][0]]})
    read = read_interactions(holes, ordered=True, drop_missing=True, duplicates="first")
    assert in_order(prepare(read, LOOSE))
    moved = read_interactions(holes, ordered=True, drop_missing=True, duplicates="last")
    assert prepare(moved, LOOSE).history(again) == (*SESSIONS[again][1:], SESSIONS[again][0])


def test_a_matrix_has_no_order():
    read = read_interactions(table())
    assert from_csr(read.matrix()).order is None
