"""Files and frames as people have them: what is read is what a plain table would give."""

import bz2
import gzip
import json
import logging

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from topple import prepare, read_interactions
from topple.errors import ArgumentError, DataError

PAIRS = {("ann", "alien"), ("ann", "jaws"), ("bob", "alien"), ("bob", "heat"), ("bob", "jaws")}
ORDER = {"ann": ["jaws", "alien"], "bob": ["heat", "alien", "jaws"]}


def pairs(read):
    users, items = read.users.decode(read.user_index), read.catalogue.vocabulary.decode(read.item_index)
    return set(zip(users, items, strict=True))


def order(read):
    rows = sorted(zip(read.timestamps, read.users.decode(read.user_index), read.item_index, strict=True))
    found = {}
    for _, user, index in rows:
        found.setdefault(user, []).append(read.catalogue.vocabulary.ids[index])
    return found


def written(tmp_path, name, text):
    opened = {".gz": gzip.open, ".bz2": bz2.open}.get("." + name.rpartition(".")[2], open)
    with opened(tmp_path / name, "wt", encoding="utf-8") as file:
        file.write(text)
    return tmp_path / name


FLAT = "".join(json.dumps({"user": user, "item": item}) + "\n" for user, item in sorted(PAIRS))
LISTS = "".join(json.dumps({"user": user, "item": items}) + "\n" for user, items in ORDER.items())
SESSIONS = "".join(
    json.dumps(
        {"session": user, "events": [{"aid": item, "ts": 10 + at, "type": "clicks"} for at, item in enumerate(items)]}
    )
    + "\n\n"
    for user, items in ORDER.items()
)


@pytest.mark.parametrize("name", ["flat.jsonl", "flat.ndjson", "flat.jsonl.gz", "flat.jsonl.bz2"])
def test_json_lines_of_interactions(tmp_path, name):
    read = read_interactions(written(tmp_path, name, FLAT))
    assert pairs(read) == PAIRS
    assert read.timestamps is None


@pytest.mark.parametrize(
    ("text", "options"),
    [(LISTS, {}), (SESSIONS, {}), (SESSIONS, {"timestamp": "ts", "user": "session", "item": "aid"})],
)
def test_json_lines_with_lists_and_sessions_keep_their_order(tmp_path, text, options):
    read = read_interactions(written(tmp_path, "lists.jsonl", text), **options)
    assert (pairs(read), order(read)) == (PAIRS, ORDER)


def test_frames_of_lists_as_groupby_gives_them():
    frame = pd.DataFrame(
        [(user, item) for user, items in ORDER.items() for item in items], columns=["userId", "movieId"]
    )
    grouped = frame.groupby("userId")["movieId"].agg(list).reset_index()
    for source in (grouped, pl.from_pandas(grouped), pa.Table.from_pandas(grouped)):
        read = read_interactions(source)
        assert (pairs(read), order(read)) == (PAIRS, ORDER)


def test_lists_beside_the_items_go_with_them():
    table = pa.table({"user": ["ann", "bob"], "item": [["a", "b"], ["b"]], "rating": [[5.0, 1.0], [4.0]]})
    read = read_interactions(table, rating="rating")
    assert sorted(zip(read.user_index.tolist(), read.item_index.tolist(), read.ratings.tolist(), strict=True)) == [
        (0, 0, 5.0), (0, 1, 1.0), (1, 1, 4.0)
    ]  # fmt: skip
    with pytest.raises(
        DataError, match="row 2: the list of column 'rating' is not as long as the list of column 'item'"
    ):
        read_interactions(table.set_column(2, "rating", [[[5.0, 1.0], []]]), rating="rating")


def test_atomic_files_of_recbole(tmp_path):
    text = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n007\talien\t5\t10\n007\tjaws\t4\t9\n8\talien\t3\t1\n"
    read = read_interactions(written(tmp_path, "films.inter", text), rating="rating", timestamp="timestamp")
    assert pairs(read) == {("007", "alien"), ("007", "jaws"), ("8", "alien")}
    assert read.ratings.tolist() == [5, 4, 3]
    assert order(read)["007"] == ["jaws", "alien"]


@pytest.mark.parametrize("separator", [None, ","])
def test_adjacency_lists(tmp_path, separator):
    blank = separator or " "
    text = f"1{blank}30{blank}10\n2\n3{blank}10{blank}20\n\n"
    read = read_interactions(written(tmp_path, "train.txt", text), form="adjacency", separator=separator)
    assert pairs(read) == {(1, 30), (1, 10), (3, 10), (3, 20)}, (
        "integers, where all are written so; a user without items is none"
    )
    assert order(read)[1] == [30, 10]
    with pytest.raises(DataError, match=r"no line of .* holds a user and an item"):
        read_interactions(written(tmp_path, "none.txt", "1\n2\n"), form="adjacency")


def test_the_only_plain_name_is_taken_and_said(caplog):
    table = pa.table({"customer_id": [1, 1], "SKU": ["a", "b"], "note": ["", ""]})
    with caplog.at_level(logging.WARNING):
        read = read_interactions(table)
    assert len(read) == 2
    assert "there is no column 'user': 'customer_id' is taken for it" in caplog.text
    two = pa.table({"user": [1], "product": ["a"], "sku": ["b"]})
    with pytest.raises(DataError, match="column 'item' is missing"):
        read_interactions(two)
    with pytest.raises(DataError, match="column 'who' is missing"):
        read_interactions(table, user="who")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"user": 1}\n{"user": \n', "line 2 of .* is no JSON: .* Write one JSON object a line"),
        ("[1, 2]\n", r"line 1 of .* is no JSON object: \[1, 2\]"),
        ("[" * 100_000 + "\n", "line 1 of .* is no JSON"),
        ('{"user": 1, "item": "a"}\n{"user": "x", "item": "b"}\n', "the objects of .* have no common form"),
        ('{"user": 1, "item": 99999999999999999999999}\n', "the objects of .* have no common form"),
        ('{"user": "\\ud800", "item": 1}\n', "the objects of .* have no common form: .*surrogates not allowed"),
    ],
)
def test_json_lines_that_cannot_be_read_say_why(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_interactions(written(tmp_path, "x.jsonl", text))


def test_text_that_is_no_utf_8_is_refused_until_it_is_said(tmp_path):
    (tmp_path / "x.jsonl").write_bytes(b'{"user": "\xe9", "item": "a"}\n')
    (tmp_path / "x.txt").write_bytes(b"\xe9 a\n")
    for name, form in (("x.jsonl", "table"), ("x.txt", "adjacency")):
        with pytest.raises(
            DataError, match=r"cannot be read as text in UTF-8: .*or say in which encoding it is \(--encoding\)"
        ):
            read_interactions(tmp_path / name, form=form)
        assert pairs(read_interactions(tmp_path / name, form=form, encoding="latin-1")) == {("é", "a")}


def test_the_mark_that_spreadsheets_write_first_is_no_text(tmp_path):
    for name, text, form in (("x.jsonl", FLAT, "table"), ("x.txt", "ann alien jaws\nbob alien\n", "adjacency")):
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
        assert "ann" in {user for user, _ in pairs(read_interactions(tmp_path / name, form=form))}


@pytest.mark.parametrize(("name", "form"), [("x.jsonl.gz", "table"), ("x.txt.gz", "adjacency")])
def test_lines_that_unpack_to_too_much_are_refused_before_the_first_is_kept(tmp_path, monkeypatch, name, form):
    monkeypatch.setenv("TOPPLE_MAX_UNPACKED", "1MB")
    monkeypatch.setattr("topple.data.formats.json_of", lambda line: pytest.fail("a line was read"))
    with pytest.raises(DataError, match=r"unpacks to .* or more, above the limit of 1MB"):
        read_interactions(written(tmp_path, name, "1 2\n" * 400_000), form=form)


def test_lists_come_to_a_split_in_their_order():
    table = pa.table(
        {"user": list(range(30)), "item": [[(user * 7 + at) % 40 for at in range(9, 0, -1)] for user in range(30)]}
    )
    split = prepare(read_interactions(table))
    assert split.times is not None


MESSY = (
    "Kunde;Artikel;Anzahl;Wann\n"
    "käufer 1;A-1;1,5;14.03.2025 10:00\n"
    "käufer 1;A-2;2;2025-03-13\n"
    ";A-2;1;2025-03-13\n"
    "7;A-1;4;22/03/2025\n"
    "7;A-1;1;22/03/2025\n"
)
NAMES = {"user": "Kunde", "item": "Artikel", "weight": "Anzahl", "timestamp": "Wann"}


def test_a_messy_file_is_read_as_a_person_would(tmp_path, caplog):
    (tmp_path / "shop.csv").write_bytes(MESSY.encode("latin-1"))
    options = NAMES | {"separator": ";", "encoding": "latin-1", "decimal": ",", "drop_missing": True}
    with caplog.at_level(logging.WARNING):
        read = read_interactions(tmp_path / "shop.csv", **options)
    assert "1 of 5 rows are left out, for something is missing: 'Kunde' 1" in caplog.text
    assert pairs(read) == {("käufer 1", "A-1"), ("käufer 1", "A-2"), ("7", "A-1")}
    assert sorted(read.weights.tolist()) == [1.5, 2, 5]
    assert order(read)["käufer 1"] == ["A-2", "A-1"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "utf-8"}, "cannot be read as a table: .*UTF8"),
        (
            {"encoding": "klingon"},
            r"encoding='klingon' is no encoding of texts\. Choose one, such as utf-8, latin-1 or cp1252 \(--encoding\)",
        ),
        ({"encoding": "rot13"}, "encoding='rot13' is no encoding of texts"),
        ({"encoding": "zlib"}, "encoding='zlib' is no encoding of texts"),
        ({"encoding": "punycode"}, "encoding='punycode' is no encoding of texts"),
        ({"separator": ";;"}, "separator=';;' must be one character"),
        ({"separator": "é"}, "separator='é' must be one character of ASCII"),
        ({"decimal": "comma"}, "decimal='comma' must be one character"),
        ({"form": "tree"}, "form='tree' is not one of table, adjacency"),
        ({"drop_missing": False}, "row 3"),
    ],
)
def test_what_cannot_be_read_so_says_what_to_change(tmp_path, options, message):
    (tmp_path / "shop.csv").write_bytes(MESSY.encode("latin-1"))
    good = NAMES | {"separator": ";", "encoding": "latin-1", "decimal": ",", "drop_missing": True}
    with pytest.raises(DataError, match=message):
        read_interactions(tmp_path / "shop.csv", **good | options)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("encoding", None),
        ("decimal", 1),
        ("separator", 3),
        ("user", 7),
        ("item", None),
        ("header", 2),
        ("ordered", 1),
        ("drop_missing", None),
        ("day_first", "no"),
    ],
)
def test_an_option_of_another_type_is_refused(tmp_path, option, value):
    with pytest.raises(
        ArgumentError, match=rf"{option}={value!r} is of type \w+\. Give (a text|the name of a column|True)"
    ):
        read_interactions(written(tmp_path, "pairs.csv", "user,item\nann,alien\n"), **{option: value})


@pytest.mark.parametrize("name", ["pairs.csv", "pairs.csv.gz", "pairs.tsv"])
def test_a_table_without_a_header_has_numbers_for_names(tmp_path, name):
    tab = "\t" if ".tsv" in name else ","
    text = f"ann{tab}alien{tab}3\nbob{tab}jaws{tab}1\n"
    read = read_interactions(written(tmp_path, name, text), header=False, weight="3")
    assert pairs(read) == {("ann", "alien"), ("bob", "jaws")}
    assert sorted(read.weights.tolist()) == [1, 3]


@pytest.mark.parametrize("separator", ["tab", "\\t", "\t"])
def test_a_tab_may_be_called_so(tmp_path, separator):
    lists = written(tmp_path, "lists.txt", "ann\talien\tjaws\n")
    assert pairs(read_interactions(lists, form="adjacency", separator=separator)) == {("ann", "alien"), ("ann", "jaws")}
    read = read_interactions(written(tmp_path, "pairs.txt", "user\titem\nann\talien\n"), separator=separator)
    assert pairs(read) == {("ann", "alien")}
