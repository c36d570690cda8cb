import gzip
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from topple.data.formats import TextTable
from topple.data.ranked import read_histories, read_items, read_lists
from topple.errors import DataError, DataNotFoundError


def test_lists_are_read_by_rank_or_in_the_order_of_the_rows(tmp_path):
    (tmp_path / "ranked.csv").write_text("user,item,rank\n1,a,2\n2,c,1\n1,b,1\n")
    assert read_lists(tmp_path / "ranked.csv") == {1: ("b", "a"), 2: ("c",)}
    (tmp_path / "rows.tsv").write_text("who\twhat\n1\tb\n1\ta\n")
    assert read_lists(str(tmp_path / "rows.tsv"), user="who", item="what") == {1: ("b", "a")}


def test_histories_are_read_with_weights_in_the_order_of_time():
    table = pa.table({"user": ["u", "u", "v"], "item": [7, 7, 8], "plays": [3, 1, 2], "at": [20, 10, 5]})
    histories, weights = read_histories(table, weight="plays", timestamp="at")
    assert histories == {"u": (7, 7), "v": (8,)}
    assert weights == {"u": (1.0, 3.0), "v": (2.0,)}
    assert read_histories(table)[1] == {}


@pytest.mark.parametrize(
    ("columns", "options", "match"),
    [
        ({"user": [1], "thing": [2]}, {}, "column 'item' is missing from the frame; the columns are 'user', 'thing'"),
        ({"user": [1, 1], "item": [2, 3], "rank": [1, 1]}, {}, "user 1 has 2 items at rank 1. Each rank of a list"),
        ({"user": [1], "item": [2], "rank": ["x"]}, {}, "rank 'x' in row 1 of column 'rank' is not a number"),
        ({"user": [1, None], "item": [2, 3]}, {}, "user id is missing in row 2"),
        ({"user": pa.array([], pa.int64()), "item": pa.array([], pa.int64())}, {}, "the frame holds no rows"),
    ],
)
def test_bad_lists_are_refused(columns, options, match):
    with pytest.raises(DataError, match=match):
        read_lists(pa.table(columns), **options)


def test_bad_weights_and_files_are_refused(tmp_path):
    table = pa.table({"user": [1, 1], "item": [2, 3], "plays": [1, 0]})
    with pytest.raises(DataError, match="weight 0 in row 2 of column 'plays' is not above 0"):
        read_histories(table, weight="plays")
    with pytest.raises(DataNotFoundError, match=r"none\.csv is not a file"):
        read_lists(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("stock.txt", "50\n181\n\n7\n", (50, 181, 7)),
        ("stock.txt", "\ufeff50\r\n new \r\n", ("50", "new")),
        ("stock", "a, b\n'c'", ("a, b", "'c'")),
        ("stock.csv", "50\n181", (50, 181)),
        ("stock.csv", "item\n50\n181\n", (50, 181)),
        ("stock.csv", '"item","price"\n50,3\n', (50,)),
        ("stock.tsv", "item\tuser\na\tu\nb\tv\na\tv\n", {"u": ("a",), "v": ("b", "a")}),
        ("stock.txt", "user,item\n1,50\n1,7\n", {1: (50, 7)}),
        ("stock.jsonl", '{"user": 1, "item": "a"}\n{"user": 2, "item": "b"}\n', {1: ("a",), 2: ("b",)}),
        ("stock.jsonl", '{"item": 3}\n', (3,)),
    ],
)
def test_items_are_read_for_all_users_or_for_each(tmp_path, name, text, found):
    (tmp_path / name).write_text(text)
    assert read_items(tmp_path / name) == found


def test_items_are_read_from_packed_and_parquet_files_and_other_columns(tmp_path):
    with gzip.open(tmp_path / "stock.txt.gz", "wt") as file:
        file.write("50\n181\n")
    assert read_items(tmp_path / "stock.txt.gz") == (50, 181)
    pq.write_table(pa.table({"who": [1, 2], "what": ["a", "b"]}), tmp_path / "stock.parquet")
    assert read_items(tmp_path / "stock.parquet", user="who", item="what") == {1: ("a",), 2: ("b",)}
    assert read_items(tmp_path / "stock.parquet", item="what") == ("a", "b")
    (tmp_path / "semicolons.csv").write_text("user;item\n1;2\n")
    assert read_items(str(tmp_path / "semicolons.csv"), text=TextTable(";")) == {1: (2,)}


@pytest.mark.parametrize(
    ("name", "data", "match"),
    [
        (
            "stock.txt",
            b"",
            r"stock\.txt holds no ids\. Give an item id a line, or a table with a column 'item' \(and 'user'\)",
        ),
        ("stock.txt", b"\n \r\n", "holds no ids"),
        ("stock.txt", b"\xff\xfe\x00", "cannot be read as text in UTF-8"),
        ("stock.csv", b"who,what\n1,2\n", "column 'item' is missing from .*; the columns are 'who', 'what'"),
        (
            "stock.csv",
            b"user;item\n1;2\n",
            "the columns are 'user;item'. As there is only one, the separator may be another",
        ),
        ("stock.csv", b"user,item\n", "holds no rows"),
        ("stock.csv", b"user,item\n1,\n", r"stock\.csv: item id is missing in row 1"),
        ("stock.jsonl", b'["a"]\n', "stock.jsonl"),
    ],
)
def test_files_without_items_are_refused(tmp_path, name, data, match):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=match):
        read_items(tmp_path / name)


def test_what_is_no_file_of_items_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path, "is not a file but a folder"), (tmp_path / "pipe", "is not a file but a pipe")):
        with pytest.raises(DataNotFoundError, match=f"{what}.*Give the path of a text file with an item id a line"):
            read_items(path)


def test_text_is_read_as_it_is_said_to_be_written(tmp_path):
    (tmp_path / "seen.csv").write_bytes("u1;Öl;03/04/2025\nu1;Käse;02/04/2025\n".encode("latin-1"))
    text = TextTable(separator=";", header=False, encoding="latin-1")
    assert read_lists(tmp_path / "seen.csv", text=text) == {"u1": ("Öl", "Käse")}
    assert read_histories(tmp_path / "seen.csv", timestamp="3", day_first=True, text=text)[0] == {"u1": ("Käse", "Öl")}
    with pytest.raises(DataError, match=r"Say so: day_first=True or False \(--day-first, --month-first\)"):
        read_histories(tmp_path / "seen.csv", timestamp="3", text=text)


def test_columns_with_plain_names_are_taken(tmp_path, caplog):
    (tmp_path / "shown.csv").write_text("customer_id,SKU\n007,01\n007,02\n")
    assert read_lists(tmp_path / "shown.csv") == {"007": ("01", "02")}
    assert "there is no column 'user': 'customer_id' is taken for it" in caplog.text
