import numpy as np

import topple
from topple.data.sources import source
from topple.data.sources.generated import GENRES


def test_it_is_the_same_every_time():
    one, again = source("generated").load(), source("generated").load()
    assert np.array_equal(one.user_index, again.user_index)
    assert np.array_equal(one.item_index, again.item_index)
    assert np.array_equal(one.ratings, again.ratings)
    assert one.catalogue.titles == again.catalogue.titles


def test_titles_are_readable_distinct_and_name_their_genre():
    found = source("generated").load()
    assert len(set(found.catalogue.titles)) == len(found.catalogue) == 240
    assert len({title.rpartition(" ")[0] for title in found.catalogue.titles}) == 240
    for title in found.catalogue.titles:
        assert title.startswith("The ")
        assert any(genre in title.rpartition(" ")[2] for genre in GENRES)


def test_it_has_a_long_tail():
    counts = np.sort(np.bincount(source("generated").load().item_index))[::-1]
    assert counts[:24].sum() > 0.25 * counts.sum()
    assert counts[0] > 8 * np.median(counts[120:])
    assert counts[-1] >= 1


def test_people_have_tastes():
    found = source("generated").load()
    genres = [title.rpartition(" ")[2] for title in found.catalogue.titles]
    numbers = np.unique(genres, return_inverse=True)[1][found.item_index]
    counts = np.zeros((len(found.users), len(GENRES)))
    np.add.at(counts, (found.user_index, numbers), 1)
    shares = np.sort(counts / counts.sum(1, keepdims=True), axis=1)[:, -1]
    assert np.median(shares) > 0.33


def test_ratings_go_from_1_to_5_and_many_are_positive():
    ratings = source("generated").load().ratings
    assert set(ratings) == {1, 2, 3, 4, 5}
    assert 0.3 < (ratings > 3.5).mean() < 0.8


def test_it_needs_no_folder_and_makes_a_split(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    split = topple.load_split("generated")
    assert len(split.test.users) == len(split.validation.users) == 80
    assert len(split.train_users) > 500
    assert list(tmp_path.iterdir()) == []
