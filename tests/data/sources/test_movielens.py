import pytest

import topple
from topple.data.sources import source
from topple.errors import DataError, DataNotFoundError

RATINGS = [(1, 20, 4), (2, 10, 3), (1, 10, 5), (3, 30, 1)]
EXPECTED = [(1, 10, 5.0), (1, 20, 4.0), (2, 10, 3.0), (3, 30, 1.0)]


def rows(found):
    users = found.users.decode(found.user_index)
    items = found.catalogue.vocabulary.decode(found.item_index)
    return sorted(zip(users, items, found.ratings.tolist(), strict=True))


def write_100k(folder, ratings=RATINGS):
    folder.mkdir(exist_ok=True)
    (folder / "u.data").write_text("".join(f"{u}\t{i}\t{r}\t881250949\n" for u, i, r in ratings))
    titles = {10: "Misérables, Les (1995)", 20: "Usual Suspects, The (1995)", 30: "unknown", 40: "Never Rated (1999)"}
    lines = [f"{i}|{t}|01-Jan-1995||http://x/{i}|0|1\n" for i, t in titles.items()]
    (folder / "u.item").write_bytes("".join(lines).encode("latin-1"))
    return folder


def write_1m(folder, ratings=RATINGS):
    folder.mkdir(exist_ok=True)
    (folder / "ratings.dat").write_text("".join(f"{u}::{i}::{r}::978300760\n" for u, i, r in ratings))
    titles = {10: "Misérables, Les (1995)", 20: "Usual Suspects, The (1995)"}
    lines = [f"{i}::{t}::Drama|Crime\n" for i, t in titles.items()]
    (folder / "movies.dat").write_bytes("".join(lines).encode("latin-1"))
    return folder


def test_100k_is_read_as_published(tmp_path):
    found = source("ml-100k").load(write_100k(tmp_path))
    assert rows(found) == EXPECTED
    assert found.catalogue.titles == ("Misérables, Les (1995)", "The Usual Suspects (1995)", "unknown")
    assert found.name == "ml-100k"


def test_1m_is_read_as_published(tmp_path):
    found = source("ml-1m").load(write_1m(tmp_path))
    assert rows(found) == EXPECTED
    assert found.catalogue.titles == ("Misérables, Les (1995)", "The Usual Suspects (1995)", "30")
    assert found.name == "ml-1m"


@pytest.mark.parametrize(("name", "write"), [("ml-100k", write_100k), ("ml-1m", write_1m)])
def test_a_split_is_prepared_with_the_published_number_of_held_out_users(tmp_path, name, write):
    many = [(u, i, 5) for u in range(1, 1101) for i in range(10, 16)]
    split = topple.load_split(name, write(tmp_path, many))
    assert len(split.test.users) == len(split.validation.users) == {"ml-100k": 100, "ml-1m": 500}[name]
    assert split.name == name
    assert len(topple.load_split(name, str(tmp_path), held_out_users=7, seed=3).test.users) == 7


@pytest.mark.parametrize(
    ("name", "missing"),
    [("ml-100k", "u.data"), ("ml-100k", "u.item"), ("ml-1m", "ratings.dat"), ("ml-1m", "movies.dat")],
)
def test_a_missing_file_is_named_with_where_to_get_it_and_where_to_put_it(tmp_path, name, missing):
    {"ml-100k": write_100k, "ml-1m": write_1m}[name](tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(
        DataNotFoundError, match=rf"does not hold {missing}, .*get .*{missing}.* from https://grouplens.*--data-dir"
    ):
        topple.load_split(name, tmp_path)


@pytest.mark.parametrize("line", ["1\t2\tgood\t0", "1\t2", "x\t2\t3\t0", "1,2,3,0"])
def test_a_line_that_cannot_be_read_is_named(tmp_path, line):
    write_100k(tmp_path)
    with (tmp_path / "u.data").open("a") as opened:
        opened.write(line + "\n")
    with pytest.raises(DataError, match=r"u\.data, line 5: .* is not 'user\titem\trating' in numbers"):
        topple.load_split("ml-100k", tmp_path)


def test_an_empty_file(tmp_path):
    write_1m(tmp_path)
    (tmp_path / "ratings.dat").write_bytes(b"")
    with pytest.raises(DataError, match=r"ratings\.dat is empty\. Fetch the file anew"):
        topple.load_split("ml-1m", tmp_path)


def test_a_rating_that_is_not_finite(tmp_path):
    with pytest.raises(DataError, match=r"rating is missing in row 2"):
        topple.load_split("ml-100k", write_100k(tmp_path, [(1, 1, 5), (1, 2, "nan")]))


def test_a_pair_that_is_rated_twice(tmp_path):
    with pytest.raises(DataError, match=r"1 of 5 rows repeat a .* pair, first user=2, item=10"):
        topple.load_split("ml-100k", write_100k(tmp_path, [*RATINGS, (2, 10, 5)]))


@pytest.mark.parametrize(("name", "write"), [("ml-100k", write_100k), ("ml-1m", write_1m)])
def test_histories_come_in_time_order(tmp_path, name, write):
    folder = write(tmp_path, [(u, i, 5) for u in range(1, 41) for i in range(10, 16)])
    file = folder / {"ml-100k": "u.data", "ml-1m": "ratings.dat"}[name]
    lines = file.read_text().splitlines()
    sign = "\t" if name == "ml-100k" else "::"
    later = [[*line.split(sign)[:3], str(1000 - int(line.split(sign)[1]))] for line in lines]
    file.write_text("".join(sign.join(fields) + "\n" for fields in later))
    split = topple.load_split(name, folder, held_out_users=5)
    assert split.history(split.train_users.ids[0]) == (15, 14, 13, 12, 11, 10)
    file.write_text("".join(sign.join(fields[: 3 + (row > 0)]) + "\n" for row, fields in enumerate(later)))
    assert topple.load_split(name, folder, held_out_users=5).times is None
