import bz2
import gzip
import io

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import topple
from topple.data.reading import from_csr, read_interactions
from topple.errors import DataError, DataNotFoundError

ROWS = [("ann", 20, 4.0, "Jaws"), ("bob", 10, 2.5, "Alien"), ("ann", 10, 5.0, "Alien"), ("cat", 30, 1.0, None)]
USERS, ITEMS, RATINGS, TITLES = (list(column) for column in zip(*ROWS, strict=True))
COLUMNS = {"user": USERS, "item": ITEMS, "rating": RATINGS, "title": TITLES}
CSV = "user,item,rating,title\nann,20,4,Jaws\nbob,10,2.5,Alien\nann,10,5.0,Alien\ncat,30,1,\n"


def facts(interactions):
    """Return all that interactions say, free of the order of their rows."""
    users = interactions.users.decode(interactions.user_index)
    items = interactions.catalogue.vocabulary.decode(interactions.item_index)
    ratings = [None] * len(users) if interactions.ratings is None else interactions.ratings.tolist()
    rows = sorted(zip(users, items, ratings, strict=True))
    return interactions.users.ids, interactions.catalogue.vocabulary.ids, interactions.catalogue.titles, rows


EXPECTED = (
    ("ann", "bob", "cat"),
    (10, 20, 30),
    ("Alien", "Jaws", "30"),
    [("ann", 10, 5.0), ("ann", 20, 4.0), ("bob", 10, 2.5), ("cat", 30, 1.0)],
)


@pytest.mark.parametrize(
    "frame",
    [
        pa.table(COLUMNS),
        pa.concat_tables([pa.table(COLUMNS).slice(0, 1), pa.table(COLUMNS).slice(1)]),
        pl.DataFrame(COLUMNS),
        pl.LazyFrame(COLUMNS),
        pl.DataFrame(COLUMNS).with_columns(pl.col("user").cast(pl.Categorical), pl.col("item").cast(pl.Int16)),
        pd.DataFrame(COLUMNS),
        pd.DataFrame(COLUMNS, index=[9, 9, 3, 1]),
        pd.DataFrame(COLUMNS).astype({"user": object, "item": object, "rating": object, "title": object}),
        pd.DataFrame(COLUMNS).astype({"user": "string", "item": "Int64", "rating": "Float64", "title": "string"}),
        pd.DataFrame(COLUMNS).astype(
            {"user": "category", "item": "category", "rating": "category", "title": "category"}
        ),
        pd.DataFrame(COLUMNS).astype({"item": "int32", "rating": "float32"}),
        pd.DataFrame(COLUMNS).astype({"item": "uint8"}).convert_dtypes(dtype_backend="pyarrow"),
        pd.DataFrame(COLUMNS).assign(unused=[1, "mixed", None, 2.5]),
    ],
)
def test_every_frame_gives_the_same_interactions(frame):
    assert facts(read_interactions(frame, rating="rating", title="title")) == EXPECTED


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV.encode()),
        ("a.CSV", CSV.encode()),
        ("a.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("a.csv.bz2", bz2.compress(CSV.encode())),
        ("a.tsv", CSV.replace(",", "\t").encode()),
        ("a.tsv.gz", gzip.compress(CSV.replace(",", "\t").encode(), mtime=0)),
        ("windows.csv", b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode()),
        ("no-last-newline.csv", CSV.rstrip("\n").encode() + b'""'),
        ("quoted.csv", pd.DataFrame(COLUMNS).to_csv(index=False, quoting=2).encode()),
    ],
)
def test_every_text_file_gives_the_same_interactions(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    for path in (tmp_path / name, str(tmp_path / name)):
        assert facts(read_interactions(path, rating="rating", title="title")) == EXPECTED


def test_a_parquet_file_gives_the_same_interactions(tmp_path):
    pq.write_table(pa.table(COLUMNS), tmp_path / "a.parquet")
    assert facts(read_interactions(tmp_path / "a.parquet", rating="rating", title="title")) == EXPECTED


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array, sparse.coo_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("ids", [(["ann", "bob", "cat"], [10, 20, 30]), (["cat", "ann", "bob"], [30, 10, 20])], ids=str)
def test_a_sparse_matrix_gives_the_same_interactions_in_any_order_of_its_ids(kind, ids):
    users, items = ids
    dense = np.zeros((3, 3))
    for user, item, rating, _ in ROWS:
        dense[users.index(user), items.index(item)] = rating
    found = from_csr(kind(dense), users=users, items=np.array(items), values="ratings")
    assert facts(found) == (EXPECTED[0], EXPECTED[1], None, EXPECTED[3])


def test_columns_and_separator_can_be_named(tmp_path):
    (tmp_path / "a.txt").write_text("who;what\n1;2\n")
    found = read_interactions(tmp_path / "a.txt", user="who", item="what", separator=";", name="mine")
    assert facts(found) == ((1,), (2,), None, [(1, 2, None)])
    assert found.name == "mine"
    assert read_interactions(tmp_path / "a.txt", user="who", item="what", separator=";").name == "a.txt"


def test_ids_of_a_text_file_stay_as_they_stand_there(tmp_path):
    (tmp_path / "a.csv").write_text("user,item\n007,0345339681\n7,034533968X\n2020-01-02,1\n1e5,true\n")
    found = read_interactions(tmp_path / "a.csv")
    assert set(found.users.ids) == {"007", "7", "2020-01-02", "1e5"}
    assert set(found.catalogue.vocabulary.ids) == {"0345339681", "034533968X", "1", "true"}


@pytest.mark.parametrize("word", ["NA", "null", "nan", "None"])
def test_words_that_other_readers_take_for_missing_are_ids_and_titles(tmp_path, word):
    (tmp_path / "a.csv").write_text(f"user,item,title\n{word},x,{word}\n")
    found = read_interactions(tmp_path / "a.csv", title="title")
    assert found.users.ids == (word,)
    assert found.catalogue.titles == (word,)


def test_titles_that_look_like_numbers_and_hold_commas_quotes_and_newlines_stay(tmp_path):
    titles = ['Good, the "Bad"', "two\nlines", "007", "1984", "Amélie 愛 🎬"]
    frame = pd.DataFrame({"user": range(5), "item": range(5), "title": titles})
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert read_interactions(tmp_path / "a.csv", title="title").catalogue.titles == tuple(titles)
    assert read_interactions(frame, title="title").catalogue.titles == tuple(titles)


def test_line_breaks_in_titles_of_a_long_file_stay(tmp_path):
    titles = [f"{'word ' * 40}\n\n{n}" for n in range(20_000)]
    pd.DataFrame({"user": range(20_000), "item": range(20_000), "title": titles}).to_csv(
        tmp_path / "a.csv", index=False
    )
    assert read_interactions(tmp_path / "a.csv", title="title").catalogue.titles == tuple(titles)


def test_the_first_title_of_an_item_counts():
    frame = {"user": [1, 2, 3], "item": [7, 7, 7], "title": [None, "first", "second"]}
    assert read_interactions(pa.table(frame), title="title").catalogue.titles == ("first",)


class TestColumns:
    def test_a_missing_column_names_the_columns_and_the_nearest(self):
        frame = pd.DataFrame({"usr": [1], "movie": [2]})
        with pytest.raises(
            DataError, match=r"column 'user' is missing; the columns are 'usr', 'movie'\. Did you mean 'usr'"
        ):
            read_interactions(frame, item="movie")

    @pytest.mark.parametrize(
        ("text", "options", "match"),
        [
            ("196\t242\t3\n1\t2\t3\n", {"separator": ","}, r"the separator may be another \(--separator tab\)"),
            ("196;242;3\n1;2;3\n", {"separator": ","}, r"the separator may be another \(--separator ';'\)"),
            (
                "196,242,3.5\n1,2,3\n",
                {},
                r"They are numbers: where the first line is a row .*\(header=False, --no-header\)",
            ),
        ],
    )
    def test_a_table_that_is_read_in_another_way_says_how(self, tmp_path, text, options, match):
        (tmp_path / "seen.csv").write_text(text)
        with pytest.raises(DataError, match=match):
            read_interactions(tmp_path / "seen.csv", **options)

    def test_of_a_table_without_a_header_no_header_is_looked_for(self, tmp_path):
        (tmp_path / "seen.csv").write_text("1,2,3\n")
        with pytest.raises(
            DataError, match=r"column 'when' is missing; the columns are '1', '2', '3'\. Name the right one"
        ):
            read_interactions(tmp_path / "seen.csv", header=False, timestamp="when")

    @pytest.mark.parametrize("option", ["rating", "title"])
    def test_a_missing_optional_column_is_an_error_too(self, option):
        with pytest.raises(DataError, match=r"column 'stars' is missing"):
            read_interactions(pa.table({"user": [1], "item": [2]}), **{option: "stars"})

    def test_columns_that_are_numbers_can_be_shown(self):
        with pytest.raises(DataError, match=r"column 'user' is missing; the columns are 0, 1"):
            read_interactions(pd.DataFrame([[1, 2]]))

    def test_a_wrong_separator_is_guessed_at(self, tmp_path):
        (tmp_path / "a.csv").write_text("user;item\n1;2\n")
        with pytest.raises(DataError, match=r"the columns are 'user;item'\..* separator may be another"):
            read_interactions(tmp_path / "a.csv")

    def test_a_separator_of_two_characters_is_refused(self, tmp_path):
        (tmp_path / "a.csv").write_text("user::item\n1::2\n")
        with pytest.raises(DataError, match=r"separator='::' must be one character"):
            read_interactions(tmp_path / "a.csv", separator="::")

    @pytest.mark.parametrize(
        "frame",
        [
            pd.DataFrame([[1, 2, 3]], columns=["user", "item", "item"]),
            pa.table([[1], [2], [3]], names=["user", "item", "item"]),
        ],
    )
    def test_two_columns_of_one_name_are_refused(self, frame):
        with pytest.raises(DataError, match=r"two columns have the same name: .*'item'.* Rename one"):
            read_interactions(frame)

    @pytest.mark.parametrize("source", [{"user": [1]}, [[1, 2]], np.zeros((2, 2)), None, 3, sparse.csr_matrix((2, 2))])
    def test_what_is_no_frame_is_refused(self, source):
        with pytest.raises(DataError, match=f"{type(source).__name__} is not a path or a frame .* from_csr"):
            read_interactions(source)


class TestFiles:
    @pytest.mark.parametrize("name", ["nothing.csv", "."])
    def test_a_path_that_is_no_file(self, tmp_path, name):
        with pytest.raises(DataNotFoundError, match=r"is not a file.*\. Give the path of a \.csv"):
            read_interactions(tmp_path / name)

    def test_an_empty_file(self, tmp_path):
        (tmp_path / "a.csv").write_bytes(b"")
        with pytest.raises(DataError, match=r"a\.csv cannot be read as a table: Empty CSV file"):
            read_interactions(tmp_path / "a.csv")

    def test_a_file_of_only_a_header(self, tmp_path):
        (tmp_path / "a.csv").write_text("user,item\n")
        with pytest.raises(DataError, match=r"a\.csv holds no rows: at least one interaction"):
            read_interactions(tmp_path / "a.csv")

    @pytest.mark.parametrize("frame", [pa.table({"user": [], "item": []}), pl.DataFrame({"user": [], "item": []})])
    def test_a_frame_without_rows(self, frame):
        with pytest.raises(DataError, match=r"the frame holds no rows"):
            read_interactions(frame)

    @pytest.mark.parametrize(("suffix", "compress"), [("gz", gzip.compress), ("bz2", bz2.compress)])
    def test_a_truncated_file(self, tmp_path, suffix, compress):
        path = tmp_path / f"a.csv.{suffix}"
        whole = compress(("user,item\n" + "".join(f"u{n},i{n}\n" for n in range(20000))).encode())
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(DataError, match=rf"a\.csv\.{suffix} cannot be read as a table: Truncated"):
            read_interactions(path)

    def test_a_file_that_is_not_compressed_as_its_name_says(self, tmp_path):
        (tmp_path / "a.csv.gz").write_text("user,item\n1,2\n")
        with pytest.raises(DataError, match=r"a\.csv\.gz cannot be read as a table"):
            read_interactions(tmp_path / "a.csv.gz")

    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.parquet"])
    def test_a_binary_file(self, tmp_path, name, seed):
        (tmp_path / name).write_bytes(np.random.default_rng(seed).bytes(5000))
        with pytest.raises(DataError, match=r"cannot be read as a table|is missing"):
            read_interactions(tmp_path / name)

    def test_a_truncated_parquet_file(self, tmp_path):
        whole = io.BytesIO()
        pq.write_table(pa.table(COLUMNS), whole)
        (tmp_path / "a.parquet").write_bytes(whole.getvalue()[:-20])
        with pytest.raises(DataError, match=r"a\.parquet cannot be read as a table"):
            read_interactions(tmp_path / "a.parquet")

    def test_text_that_is_not_utf_8(self, tmp_path):
        (tmp_path / "a.csv").write_bytes("user,item,title\n1,2,Amélie\n".encode("latin-1"))
        with pytest.raises(DataError, match=r"invalid UTF8 .* text in UTF-8"):
            read_interactions(tmp_path / "a.csv", title="title")
        assert len(read_interactions(tmp_path / "a.csv")) == 1

    def test_rows_of_unequal_length(self, tmp_path):
        (tmp_path / "a.csv").write_text("user,item\n1,2\n1,2,3\n")
        with pytest.raises(DataError, match=r"Expected 2 columns, got 3"):
            read_interactions(tmp_path / "a.csv")


class TestRatings:
    @pytest.mark.parametrize("bad", ["bad", "4,5", "NA", "", "nan", "inf"])
    def test_a_text_file_with_what_is_no_number(self, tmp_path, bad):
        (tmp_path / "a.csv").write_text(f'user,item,rating\n1,2,3.5\n1,3,"{bad}"\n1,4,2\n')
        told = (
            r"rating is missing in row 2 of 3 \(column 'rating'.* leave them out: drop_missing=True \(--drop-missing\)"
        )
        if bad not in ("NA", "", "nan"):
            told = r"rating .* in row 2 of column 'rating' is not a finite number"
        with pytest.raises(DataError, match=told) as raised:
            read_interactions(tmp_path / "a.csv", rating="rating")
        assert bad in str(raised.value) or bad == "nan"
        if bad in ("NA", "", "nan"):
            assert len(read_interactions(tmp_path / "a.csv", rating="rating", drop_missing=True)) == 2

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), None, "bad"])
    @pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"])
    def test_a_frame_with_what_is_no_number(self, frame, bad):
        ratings = ["4", "5", bad] if isinstance(bad, str) else [4.0, 5.0, bad]
        shown = "(None|nan)" if bad is None else f"'?{bad}'?"
        told = f"rating {shown} in row 3 of column 'stars' is not a finite number"
        if bad is None or bad != bad:  # NaN
            told = r"rating is missing in row 3 of 3 \(column 'stars'\)"
        table = frame({"user": [1, 2, 3], "item": [1, 2, 3], "stars": ratings})
        with pytest.raises(DataError, match=told):
            read_interactions(table, rating="stars")
        if "missing" in told:
            assert len(read_interactions(table, rating="stars", drop_missing=True)) == 2

    def test_objects_of_several_types(self):
        frame = pd.DataFrame({"user": [1, 2], "item": [1, 2], "rating": [4, "bad"]}, dtype=object)
        with pytest.raises(DataError, match=r"rating 'bad' in row 2"):
            read_interactions(frame, rating="rating")

    def test_values_of_a_type_that_is_no_number(self):
        frame = pd.DataFrame({"user": [1], "item": [2], "rating": pd.to_datetime(["2020-01-02"])})
        with pytest.raises(DataError, match=r"rating Timestamp.* in row 1"):
            read_interactions(frame, rating="rating")

    def test_numbers_written_as_text_are_numbers(self):
        frame = {"user": [1, 2], "item": [1, 2], "rating": ["4", "2.5"]}
        assert read_interactions(pa.table(frame), rating="rating").ratings.tolist() == [4, 2.5]


class TestIds:
    @pytest.mark.parametrize("row", [",2", "1,"])
    def test_a_missing_id_in_a_text_file(self, tmp_path, row):
        (tmp_path / "a.csv").write_text(f"user,item\n1,2\n{row}\n")
        with pytest.raises(DataError, match=r"(user|item) id is missing in row 2 of 2"):
            read_interactions(tmp_path / "a.csv")

    @pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"])
    @pytest.mark.parametrize("users", [["a", None], [1, None]])
    def test_a_missing_id_in_a_frame(self, frame, users):
        with pytest.raises(DataError, match=r"user id is missing in row 2 of 2"):
            read_interactions(frame({"user": users, "item": [1, 2]}))

    def test_ids_of_mixed_types(self):
        with pytest.raises(DataError, match=r"item ids must be all integers .* or all strings: .*'a'"):
            read_interactions(pd.DataFrame({"user": [1, 2], "item": [1, "a"]}))

    @pytest.mark.parametrize(("ids", "kind"), [([True, False], "bool"), ([1.0, 2.0], "double")])
    def test_ids_of_a_type_that_is_no_id(self, ids, kind):
        with pytest.raises(DataError, match=f"user ids of type {kind} are not integers or strings"):
            read_interactions(pl.DataFrame({"user": ids, "item": [1, 2]}))


class TestDuplicates:
    FRAME = pa.table({"user": [2, 1, 1, 2, 1], "item": [8, 7, 7, 8, 7], "rating": [1.0, 3.0, 5.0, 2.0, 4.0]})

    def test_are_an_error_that_names_the_first_pair(self):
        with pytest.raises(DataError, match=r"3 of 5 rows repeat a .* pair, first user=2, item=8\..*--duplicates"):
            read_interactions(self.FRAME, rating="rating")

    @pytest.mark.parametrize(("keep", "expected"), [("first", [3, 1]), ("last", [4, 2]), ("max", [5, 2])])
    def test_one_of_them_can_be_kept(self, keep, expected):
        kept = read_interactions(self.FRAME, rating="rating", duplicates=keep)
        assert facts(kept)[3] == [(1, 7, expected[0]), (2, 8, expected[1])]

    def test_the_highest_of_no_ratings_is_any(self):
        assert facts(read_interactions(self.FRAME, duplicates="max"))[3] == [(1, 7, None), (2, 8, None)]

    def test_an_unknown_way_to_keep_one(self):
        with pytest.raises(DataError, match=r"duplicates='highest' is not one of 'error', 'sum', .*'last'"):
            read_interactions(self.FRAME, duplicates="highest")

    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 5)), min_size=1))
    def test_the_kept_ones_are_those_of_a_plain_loop(self, rows):
        frame = pa.table({k: list(v) for k, v in zip(("user", "item", "rating"), zip(*rows, strict=True), strict=True)})
        first, last, highest = {}, {}, {}
        for user, item, rating in rows:
            first.setdefault((user, item), rating)
            last[user, item] = rating
            highest[user, item] = max(rating, highest.get((user, item), 0))
        for keep, expected in (("first", first), ("last", last), ("max", highest)):
            kept = facts(read_interactions(frame, rating="rating", duplicates=keep))[3]
            assert {(user, item): rating for user, item, rating in kept} == expected


class TestCsr:
    def test_default_ids_are_the_rows_and_columns_that_hold_something(self):
        found = from_csr(sparse.csr_matrix(([2.0, 1.0], ([0, 2], [3, 1])), shape=(4, 5)), values="ratings")
        assert facts(found) == ((0, 2), (1, 3), None, [(0, 3, 2.0), (2, 1, 1.0)])

    def test_values_stored_twice_are_added_and_stored_zeros_are_none(self):
        twice = sparse.csr_matrix((np.array([1.0, 2.0, 0.0]), np.array([1, 1, 0]), np.array([0, 2, 3])), shape=(2, 2))
        assert facts(from_csr(twice, values="ratings"))[3] == [(0, 1, 3.0)]
        assert twice.nnz == 3

    @pytest.mark.parametrize(("kind", "ids"), [("user", {"users": ["a"]}), ("item", {"items": [1, 2]})])
    def test_a_wrong_number_of_ids(self, kind, ids):
        with pytest.raises(
            DataError, match=rf"[12] {kind} ids for a matrix of shape \(2, 3\): give [23], in the order of the matrix"
        ):
            from_csr(sparse.csr_matrix(np.ones((2, 3))), **ids)

    def test_repeated_ids(self):
        with pytest.raises(DataError, match=r"user id 'a' occurs more than once"):
            from_csr(sparse.csr_matrix(np.ones((2, 3))), users=["a", "a"])

    @pytest.mark.parametrize("bad", [float("nan"), float("inf")])
    def test_a_value_that_is_not_finite(self, bad):
        with pytest.raises(DataError, match=r"NaN or infinite values"):
            from_csr(sparse.csr_matrix(np.array([[1, bad]])))

    @pytest.mark.parametrize(
        "matrix", [sparse.csr_matrix((2, 3)), sparse.csr_matrix(([0.0], ([1], [1])), shape=(2, 3))]
    )
    def test_a_matrix_of_zeros(self, matrix):
        with pytest.raises(DataError, match=r"shape \(2, 3\) holds no value other than 0"):
            from_csr(matrix)

    def test_a_dense_matrix(self):
        with pytest.raises(DataError, match=r"ndarray is not a scipy sparse matrix. Wrap it"):
            from_csr(np.ones((2, 3)))


DAYS = ["2020-03-01 00:00:00", "2020-01-01 12:00:00", "2020-01-01 11:59:59", "2019-12-31 00:00:00"]


@pytest.mark.parametrize(
    "when",
    [
        [40, 30, 20, 10],
        [4.5, 3.25, -1.0, -2.0],
        pa.array(pd.to_datetime(DAYS)),
        pa.array(pd.to_datetime(DAYS).tz_localize("Europe/Paris")),
        pa.array(["40", "30", "20", "10"]),
        pa.array(pd.to_datetime(DAYS).date),
    ],
    ids=["integers", "floats", "datetimes", "zoned", "texts", "dates"],
)
def test_timestamps_are_numbers_or_dates(when):
    found = read_interactions(pa.table({"user": USERS, "item": ITEMS, "when": when}), timestamp="when")
    assert found.timestamps[0] > found.timestamps[1] >= found.timestamps[2] > found.timestamps[3]


def test_timestamps_are_read_from_text_and_stay_with_their_rows(tmp_path):
    rows = "".join(f"{u},{i},{w}\n" for u, i, w in zip(USERS, ITEMS, DAYS, strict=True))
    (tmp_path / "seen.csv").write_text("user,item,when\n" + rows + "ann,20,2018-01-01 00:00:00\n")
    found = read_interactions(tmp_path / "seen.csv", timestamp="when", duplicates="last")
    assert found.user_index.tolist() == [1, 0, 2, 0]
    assert found.timestamps.argmax() == 0
    assert found.timestamps.argmin() == 3
    fewer = found.keep(np.array([False, True, True, False]))
    assert fewer.timestamps.tolist() == found.timestamps[1:3].tolist()
    first = read_interactions(tmp_path / "seen.csv", timestamp="when", duplicates="first")
    assert first.timestamps.tolist() == sorted(first.timestamps.tolist(), reverse=True)
    assert read_interactions(tmp_path / "seen.csv", duplicates="first").timestamps is None


@pytest.mark.parametrize("bad", ["noon", None, float("nan")])
def test_a_timestamp_that_is_none_is_refused(bad):
    table = pd.DataFrame({"user": USERS, "item": ITEMS, "when": pd.Series([1, bad, 3, 4], dtype=object)})
    told = r"timestamp .* in row 2 of column 'when' is not a number or a date.*--time-column"
    if bad != "noon":
        told = r"time is missing in row 2 of 4 \(column 'when'\).*--drop-missing"
    with pytest.raises(DataError, match=told):
        read_interactions(table, timestamp="when")


def test_a_missing_time_column_is_named():
    with pytest.raises(DataError, match="column 'when' is missing"):
        read_interactions(pa.table({"user": USERS, "item": ITEMS}), timestamp="when")


class TestWeights:
    FRAME = pa.table(
        {"user": [1, 1, 2, 1], "item": [7, 8, 7, 7], "Plays": [2, 5, 1, 4], "rating": [5.0, 1.0, 3.0, 4.0]}
    )

    def weights(self, found):
        pairs = zip(found.user_index.tolist(), found.item_index.tolist(), found.weights.tolist(), strict=True)
        return sorted(pairs)

    def test_a_column_with_a_plain_name_is_found_and_repeats_are_summed(self, caplog):
        caplog.set_level("INFO")
        found = read_interactions(self.FRAME)
        assert self.weights(found) == [(0, 0, 6), (0, 1, 5), (1, 0, 1)]
        assert "weights of column 'Plays'" in caplog.text
        assert found.describe()["weights"] == [1, 6]

    def test_none_reads_no_weights_and_repeats_are_refused(self):
        assert read_interactions(self.FRAME, weight=None, duplicates="first").weights is None
        with pytest.raises(DataError, match="1 of 4 rows repeat"):
            read_interactions(self.FRAME, weight=None)
        with pytest.raises(DataError, match="1 of 4 rows repeat"):
            read_interactions(self.FRAME, rating="rating")  # ratings are not merged without a word

    def test_a_rating_is_a_weight_where_it_is_asked_for(self):
        assert self.weights(read_interactions(self.FRAME, weight="rating")) == [(0, 0, 9), (0, 1, 1), (1, 0, 3)]

    def test_a_column_with_another_part_is_not_taken(self):
        frame = pa.table({"user": [1, 2], "count": [7, 8], "weight": [3, 4]})
        assert read_interactions(frame, item="count").weights.tolist() == [3, 4]
        assert read_interactions(frame, item="count", weight=None).weights is None

    def test_weights_of_1_are_none(self):
        assert read_interactions(pa.table({"user": [1, 2], "item": [7, 8], "weight": [1, 1]})).weights is None

    def test_pairs_that_come_to_nothing_are_left_out_with_a_word(self, caplog):
        frame = pa.table({"user": [1, 1, 1, 2], "item": [7, 7, 8, 9], "quantity": [3, -3, 2, 1]})
        found = read_interactions(frame)
        assert self.weights(found) == [(0, 0, 2), (1, 1, 1)]
        assert found.catalogue.vocabulary.ids == (8, 9)
        assert "1 of 3 pairs have weight 0 and are left out" in caplog.text

    def test_a_pair_below_0_is_refused(self):
        frame = pa.table({"user": [1, 1, 2], "item": [7, 8, 9], "quantity": [3, -2, 1]})
        with pytest.raises(
            DataError, match=r"1 of 3 .* weight below 0, first user=1, item=8: -2\. .*--weight-column none"
        ):
            read_interactions(frame)
        with pytest.raises(DataError, match="all weights of interactions are 0"):
            read_interactions(pa.table({"user": [1], "item": [7], "weight": [0]}))

    def test_a_weight_that_is_no_number(self):
        frame = pa.table({"user": [1, 2], "item": [7, 8], "weight": ["3", "many"]})
        with pytest.raises(
            DataError, match=r"weight 'many' in row 2 of column 'weight' is not a finite number.*weight=None"
        ):
            read_interactions(frame)


class TestCsrWeights:
    @pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint8, np.int8])
    def test_entries_of_a_pair_are_summed_in_float64(self, dtype):
        rows, columns = [0] * 256 + [0, 1, 2], [0] * 256 + [1, 1, 0]
        found = from_csr(sparse.coo_matrix((np.ones(259, dtype), (rows, columns)), shape=(3, 2)))
        assert sorted(found.weights.tolist()) == [1, 1, 1, 256]
        assert found.ratings is None

    def test_pairs_of_0_are_left_out_with_a_word(self, caplog):
        matrix = sparse.csr_matrix((np.array([1.0, 2.0, 0.0]), np.array([0, 1, 0]), np.array([0, 2, 3])), shape=(2, 2))
        assert from_csr(matrix).weights.tolist() == [1, 2]
        assert "1 of 3 stored pairs come to 0" in caplog.text

    def test_counts_are_no_ratings_and_below_0_is_refused(self):
        counts = sparse.csr_matrix(np.array([[1, 2], [3, 4]]))
        assert from_csr(counts).weights.tolist() == [1, 2, 3, 4]
        assert from_csr(counts, values="ratings").ratings.tolist() == [1, 2, 3, 4]
        with pytest.raises(DataError, match=r"1 of 2 .* below 0"):
            from_csr(sparse.csr_matrix(np.array([[1, -2]])))
        with pytest.raises(DataError, match="values='plays' is not one of 'weights', 'ratings'"):
            from_csr(counts, values="plays")


@pytest.mark.parametrize(
    "times",
    [
        [1_600_000_000_000_000_300, 1_600_000_000_000_000_200, 1_600_000_000_000_000_100, 1_600_000_000_000_000_000],
        pd.to_datetime([1.6e9 + 0.123_456_7 * step for step in (4, 3, 2, 1)], unit="s"),
        pd.Series(pd.to_datetime(["2020-01-04", "2020-01-03", "2020-01-02", "2020-01-01"])) + pd.Timedelta(5, "ns"),
        pd.Series(np.array(["9999-12-31", "2020-01-03", "2020-01-02", "2020-01-01"], dtype="datetime64[us]")),
    ],
)
def test_times_keep_their_order_whatever_their_unit(tmp_path, times):
    frame = pd.DataFrame({"user": list("abc") * 4, "item": sorted("wxyz" * 3), "t": np.repeat(np.array(times), 3)})
    split = topple.prepare(topple.read_interactions(frame, timestamp="t"), topple.Preparation(min_items=2))
    histories = [split.history(user) for user in "abc"]
    assert all(history == tuple(sorted(history, reverse=True)) for history in histories)
    assert max(map(len, histories)) == 4
    topple.write_split(split, str(tmp_path / "split"))
    again = topple.read_split(str(tmp_path / "split"))
    assert again.fingerprint == split.fingerprint
    assert [again.history(user) for user in "abc"] == histories


def test_ids_of_a_matrix_are_given_in_order():
    matrix = sparse.csr_matrix(np.array([[1, 0], [1, 1]]))
    assert from_csr(matrix, items=(f"i{number}" for number in range(2))).catalogue.vocabulary.ids == ("i0", "i1")
    for ids in ({"b": 1, "a": 0}, {"a", "b"}, "ab"):
        with pytest.raises(
            DataError, match=rf"item ids of type {type(ids).__name__} have no order of rows or columns. Give a list"
        ):
            from_csr(matrix, items=ids)


def test_ids_of_columns_with_plain_names_stay_as_they_are_written(tmp_path):
    (tmp_path / "sales.csv").write_text("customer_id,SKU\n007,0012\n8,0013\n")
    read = read_interactions(tmp_path / "sales.csv")
    assert read.users.ids == ("007", "8")
    assert read.catalogue.vocabulary.ids == ("0012", "0013")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [("user", [2**70, 1], "user ids must be all integers"), ("item", ["a\udcff", "b"], "item ids must be all integers"),
     ("rating", ["\ud800", 1.0], "rating .* in row 1 of column 'rating' is not a finite number")],
)  # fmt: skip
def test_values_that_arrow_cannot_hold_are_refused_by_column(column, values, message):
    frame = pd.DataFrame({"user": [1, 2], "item": ["a", "b"], "rating": [5.0, 4.0]}).assign(
        **{column: pd.Series(values, dtype=object)}
    )
    with pytest.raises(DataError, match=message):
        read_interactions(frame, rating="rating")


@pytest.mark.parametrize(
    "times", [pd.Series([2**71, 2**70], dtype=object), np.array([2**64 - 1, 2**64 - 2], dtype=np.uint64)]
)
def test_times_of_more_than_64_bits_are_refused(times):
    frame = pd.DataFrame({"user": [1, 1], "item": ["a", "b"], "when": times})
    with pytest.raises(DataError, match=r"timestamp \d+ in row 1 of column 'when' is beyond whole numbers of 64 bits"):
        read_interactions(frame, timestamp="when")


def test_a_categorical_column_of_dates_is_read():
    frame = pd.DataFrame({"user": [1, 1], "item": ["a", "b"], "when": pd.Categorical(["2020-01-02", "2020-01-01"])})
    first, second = read_interactions(frame, timestamp="when").timestamps.tolist()
    assert first > second
