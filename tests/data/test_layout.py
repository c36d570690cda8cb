import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from topple.data.layout import FILES, TABLES, read_split, write_split
from topple.data.preparation import Preparation, prepare
from topple.data.reading import read_interactions
from topple.errors import DataError, DataNotFoundError


def make(user=int, item=int, titles=None, seed=0):
    random = np.random.default_rng(seed)
    rows = [(u, int(i)) for u in range(12) for i in random.choice(15, size=random.integers(5, 12), replace=False)]
    columns = {"user": [user(u) for u, _ in rows], "item": [item(i) for _, i in rows]}
    if titles is not None:
        columns["title"] = [titles[i % len(titles)] for _, i in rows]
    return prepare(
        read_interactions(pa.table(columns), title=None if titles is None else "title", name="toy"),
        Preparation(seed=seed),
    )


def check_equal(one, other):
    assert one.catalogue.vocabulary == other.catalogue.vocabulary
    assert one.catalogue.titles == other.catalogue.titles
    assert one.train_users == other.train_users
    assert one.name == other.name
    assert (one.train != other.train).nnz == 0
    for held, again in ((one.validation, other.validation), (one.test, other.test)):
        assert held.users == again.users
        assert (held.fold_in != again.fold_in).nnz == 0
        assert (held.held_out != again.held_out).nnz == 0


def change(folder, file, old, new):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


@pytest.fixture
def folder(tmp_path):
    """A folder as it is published: numbers for users, nothing but the six files."""
    write_split(make(item=lambda i: 1000 + i), tmp_path / "alishop")
    (tmp_path / "alishop" / "split.json").unlink()
    return tmp_path / "alishop"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("user", "item"),
    [
        (int, int),
        (lambda u: u - 6, lambda i: i * 10**15),
        (lambda u: f"{u:03d}", lambda i: f"{i:03d}"),
        (str, str),
        (lambda u: f'u,"{u}" é 愛', lambda i: f'i,"{i}" é 愛'),
        (
            lambda u: ["NA", "null", "nan", "true", "1e5", " 7 ", "7", "2020-01-01"][u] if u < 8 else f"u{u}",
            lambda i: i,
        ),
        (int, lambda i: ["NA", "null", "nan", "true", "1e5", " 7 ", "7", "\u2028", "\x85"][i] if i < 9 else f"i{i}"),
    ],
)
def test_a_split_comes_back_as_it_was(tmp_path, user, item, seed):
    split = make(user, item, seed=seed)
    write_split(split, tmp_path / "new" / "toy")
    check_equal(read_split(tmp_path / "new" / "toy"), split)


TITLES = ['Good, the "Bad"', "two\nlines", "Amélie 愛 🎬", "007", "1984", " spaces ", "NA", "it's \\N;\t|"]


def test_titles_come_back_as_they_were(tmp_path):
    split = make(titles=TITLES)
    write_split(split, tmp_path)
    check_equal(read_split(tmp_path), split)


ids = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1)


@given(
    st.lists(ids, min_size=12, max_size=12, unique=True),
    st.lists(ids, min_size=15, max_size=15, unique=True),
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1), min_size=1),
)
@settings(max_examples=50, deadline=None)
def test_any_ids_and_titles_come_back(tmp_path_factory, users, items, titles):
    folder = tmp_path_factory.mktemp("split")
    split = make(users.__getitem__, items.__getitem__, titles)
    write_split(split, folder)
    check_equal(read_split(folder), split)


def test_the_files_are_those_of_the_published_layout(tmp_path):
    split = make(item=lambda i: 1000 + i)
    write_split(split, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*FILES, "split.json"])
    assert [int(line) for line in (tmp_path / "unique_sid.txt").read_text().splitlines()] == list(
        split.catalogue.vocabulary.ids
    )
    for file in TABLES:
        header, *rows = (tmp_path / file).read_text().splitlines()
        assert header.replace('"', "") == "uid,sid"
        assert all(int(row.split(",")[1]) < len(split.catalogue) for row in rows)


def test_a_published_folder_without_our_files_is_read(folder):
    split = make(item=lambda i: 1000 + i)
    found = read_split(folder)
    assert found.name == "alishop"
    assert (found.train != split.train).nnz == 0
    assert found.catalogue.vocabulary == split.catalogue.vocabulary
    assert found.train_users == split.train_users
    assert read_split(folder, name="mine").name == "mine"


def test_a_folder_written_on_windows_with_extra_columns_is_read(folder):
    (folder / "unique_sid.txt").write_bytes((folder / "unique_sid.txt").read_bytes().replace(b"\n", b"\r\n"))
    for file in TABLES:
        lines = (folder / file).read_text().replace('"', "").splitlines()
        (folder / file).write_bytes("".join(f"{n},{line}\r\n" for n, line in enumerate(lines)).encode())
    assert read_split(folder).train_users == make().train_users


def test_users_are_text_in_all_parts_if_they_are_so_in_one(folder):
    user = read_split(folder).test.users.ids[0]
    for file in ("test_tr.csv", "test_te.csv"):
        (folder / file).write_text((folder / file).read_text().replace(f"\n{user},", "\n007,"))
    found = read_split(folder)
    assert "007" in found.test.users
    assert all(isinstance(i, str) for users in (found.train_users, found.validation.users) for i in users.ids)


def test_items_without_a_title_keep_their_id(folder):
    (folder / "titles.csv").write_text("item,title\n1003,Alien\n")
    found = read_split(folder).catalogue
    assert (found.title(1003), found.title(1004)) == ("Alien", "1004")


class TestRefusals:
    @pytest.mark.parametrize("file", FILES)
    def test_a_missing_file(self, folder, file):
        (folder / file).unlink()
        with pytest.raises(
            DataNotFoundError, match=rf"{file} is missing\. The layout needs unique_sid\.txt, train\.csv"
        ):
            read_split(folder)

    @pytest.mark.parametrize("sid", ["15", "99999", "-1", ""])
    def test_an_item_outside_the_catalogue(self, folder, sid):
        lines = (folder / "train.csv").read_text().splitlines()
        lines[2] = lines[2].split(",")[0] + f",{sid}"
        (folder / "train.csv").write_text("\n".join(lines))
        with pytest.raises(
            DataError, match=rf"train\.csv: sid {sid or None} in row 2 is outside the catalogue of 15 items"
        ):
            read_split(folder)

    @pytest.mark.parametrize("file", TABLES)
    def test_wrong_columns(self, folder, file):
        change(folder, file, "uid", "user")
        with pytest.raises(DataError, match=rf"{file} has columns \['user', 'sid'\]; it must have uid and sid"):
            read_split(folder)

    def test_an_item_that_is_no_number(self, folder):
        (folder / "test_tr.csv").write_text("uid,sid\n1,x\n")
        with pytest.raises(DataError, match=r"test_tr\.csv: column sid is of type string; it must hold line numbers"):
            read_split(folder)

    def test_a_missing_user(self, folder):
        (folder / "test_tr.csv").write_text("uid,sid\n1,1\n,2\n")
        with pytest.raises(DataError, match=r"test_tr\.csv: uid is missing in row 2"):
            read_split(folder)

    @pytest.mark.parametrize("file", TABLES)
    def test_a_pair_that_stands_twice(self, folder, file):
        with (folder / file).open("a") as opened:
            opened.write((folder / file).read_text().splitlines()[1] + "\n")
        with pytest.raises(DataError, match=rf"{file} repeats a \(uid, sid\) pair"):
            read_split(folder)

    def test_a_pair_that_must_be_predicted_and_is_in_the_history(self, folder):
        with (folder / "test_tr.csv").open("a") as opened:
            opened.write((folder / "test_te.csv").read_text().splitlines()[1] + "\n")
        with pytest.raises(DataError, match=r"test_te\.csv repeats a \(uid, sid\) pair of test_tr\.csv"):
            read_split(folder)

    @pytest.mark.parametrize(("first", "second"), [("train", "validation"), ("train", "test"), ("validation", "test")])
    def test_a_user_in_two_parts(self, folder, first, second):
        file = "train.csv" if first == "train" else f"{first}_tr.csv"
        uid = (folder / file).read_text().splitlines()[1].split(",")[0]
        with (folder / f"{second}_te.csv").open("a") as opened:
            opened.write(f"{uid},0\n")
        with pytest.raises(DataError, match=f"1 users are both in {first} and in {second}, first uid={uid}"):
            read_split(folder)

    @pytest.mark.parametrize("content", ["", "\n"])
    def test_an_empty_catalogue(self, folder, content):
        (folder / "unique_sid.txt").write_text(content)
        with pytest.raises(DataError, match=r"unique_sid\.txt.* is empty: it must hold one item id a line"):
            read_split(folder)

    def test_an_empty_line_in_the_catalogue(self, folder):
        change(folder, "unique_sid.txt", "1002\n", "\n")
        with pytest.raises(DataError, match=r"unique_sid\.txt, line 3, is empty"):
            read_split(folder)

    def test_an_item_that_stands_twice_in_the_catalogue(self, folder):
        change(folder, "unique_sid.txt", "1002\n", "1001\n")
        with pytest.raises(DataError, match=r"item id 1001 occurs more than once"):
            read_split(folder)

    def test_no_training_user(self, folder):
        (folder / "train.csv").write_text("uid,sid\n")
        with pytest.raises(DataError, match=r"train\.csv holds no rows: at least one training user"):
            read_split(folder)

    @pytest.mark.parametrize("file", ["unique_sid.txt", "train.csv"])
    def test_a_binary_file(self, folder, file):
        (folder / file).write_bytes(np.random.default_rng(0).bytes(1000))
        with pytest.raises(DataError, match=rf"{file} (cannot be read|is not UTF-8|has columns)"):
            read_split(folder)

    def test_an_empty_table(self, folder):
        (folder / "train.csv").write_bytes(b"")
        with pytest.raises(DataError, match=r"train\.csv cannot be read: Empty CSV file"):
            read_split(folder)

    @pytest.mark.parametrize("content", ["{", "[1]", "3", "\x00"])
    def test_damaged_notes(self, folder, content):
        (folder / "split.json").write_text(content)
        with pytest.raises(DataError, match=r"split\.json is not a JSON object: .* Delete the file"):
            read_split(folder)

    def test_notes_of_another_version(self, folder):
        (folder / "split.json").write_text(json.dumps({"format": "topple.split/9"}))
        with pytest.raises(
            DataError, match=r"has format 'topple.split/9'; this version of topple reads 'topple.split/1'"
        ):
            read_split(folder)

    def test_titles_of_wrong_columns(self, folder):
        (folder / "titles.csv").write_text("number,title\n1003,Alien\n")
        with pytest.raises(DataError, match=r"column 'item' is missing from .*titles\.csv"):
            read_split(folder)

    def test_item_ids_with_a_line_break_never_come_this_far(self):
        with pytest.raises(DataError, match=r"item id .* holds a line break; an id is one line of text"):
            make(item=lambda i: f"item\n{i}")


def test_a_folder_with_no_held_out_users_is_read(folder):
    for file in TABLES[1:]:
        (folder / file).write_text("uid,sid\n")
    found = read_split(folder)
    assert (len(found.validation.users), len(found.test.users)) == (0, 0)
    assert found.histories() == {}
    with pytest.raises(LookupError, match=r"unknown user id 99999.* such as"):
        found.history(99999)


def timed(seed=0):
    random = np.random.default_rng(seed)
    rows = [(u, int(i)) for u in range(12) for i in random.choice(15, size=random.integers(5, 12), replace=False)]
    columns = {"user": [u for u, _ in rows], "item": [f"i{i}" for _, i in rows], "when": random.random(len(rows)) - 0.5}
    return prepare(read_interactions(pa.table(columns), timestamp="when", name="toy"))


def test_times_come_back_and_with_them_the_order_of_the_histories(tmp_path):
    split = timed()
    write_split(split, tmp_path)
    again = read_split(tmp_path)
    check_equal(again, split)
    for users in (split.train_users, split.validation.users, split.test.users):
        assert again.histories(users.ids) == split.histories(users.ids)
    assert any(list(h) != sorted(h) for h in split.histories(split.train_users.ids).values())
    np.testing.assert_array_equal(again.times, split.times)
    assert (tmp_path / "test_te.csv").read_text().splitlines()[0].replace('"', "") == "uid,sid"


def test_times_in_any_order_of_the_rows_belong_to_their_row(tmp_path):
    split = timed()
    write_split(split, tmp_path)
    for file in ("train.csv", "test_tr.csv", "validation_tr.csv"):
        header, *rows = (tmp_path / file).read_text().splitlines()
        (tmp_path / file).write_text("\n".join([header, *rows[::-1]]) + "\n")
    again = read_split(tmp_path)
    for users in (split.train_users, split.validation.users, split.test.users):
        assert again.histories(users.ids) == split.histories(users.ids)


@pytest.mark.parametrize("time", ["noon", "", "nan"])
def test_a_time_that_is_no_number_is_refused(tmp_path, time):
    write_split(timed(), tmp_path)
    lines = (tmp_path / "train.csv").read_text().splitlines()
    lines[2] = ",".join([*lines[2].split(",")[:2], time])
    (tmp_path / "train.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"train\.csv: column time must hold a number in every row"):
        read_split(tmp_path)


def weighted():
    split = make()
    weights = np.arange(split.train.nnz) % 7 * 0.1 + 0.3
    train = sparse.csr_matrix((weights, split.train.indices, split.train.indptr), shape=split.train.shape)
    fold_in = split.test.fold_in.astype(np.float64) * 3
    return replace(split, train=train, test=replace(split.test, fold_in=fold_in))


def test_weights_come_back_to_the_last_digit(tmp_path):
    split = weighted()
    write_split(split, tmp_path / "split")
    found = read_split(tmp_path / "split")
    assert found.train.data.tolist() == split.train.data.tolist()
    assert found.fingerprint == split.fingerprint
    assert found.histories().keys() == split.histories().keys()
    assert {weight for history in found.histories().values() for weight in history.weights} == {3}
    assert "weight" not in (tmp_path / "split" / "validation_tr.csv").read_text()


@pytest.mark.parametrize(
    ("weight", "message"), [("many", "must hold a number"), ("-1", "holds -1; a weight is above 0")]
)
def test_weights_that_are_none_are_refused(tmp_path, weight, message):
    write_split(weighted(), tmp_path / "split")
    change(tmp_path / "split", "train.csv", ",0.3", f",{weight}")
    with pytest.raises(DataError, match=message):
        read_split(tmp_path / "split")
