import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topple.data.vocabulary import Catalogue, Vocabulary, typed_ids
from topple.errors import DataError, UnknownIdError

integers = st.integers(-(2**63), 2**63 - 1)
strings = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1)
columns = st.lists(integers, min_size=1) | st.lists(strings, min_size=1)


@given(columns)
def test_of_a_column_is_sorted_distinct_and_gives_the_column_back(column):
    vocabulary, index = Vocabulary.of(column, "user")
    assert set(vocabulary.ids) == set(column)
    assert len(vocabulary) == len(set(column))
    assert list(vocabulary.decode(index)) == column
    assert vocabulary.ids == tuple(sorted(set(column), key=lambda i: i if isinstance(i, int) else i.encode()))


@given(columns.map(lambda column: list(dict.fromkeys(column))), st.data())
def test_encode_and_decode_are_inverse_in_any_order(ids, data):
    vocabulary = Vocabulary(ids)
    assert vocabulary.ids == tuple(ids)
    indices = data.draw(st.lists(st.integers(0, len(ids) - 1)))
    assert vocabulary.encode(vocabulary.decode(indices)).tolist() == indices
    assert vocabulary.encode(vocabulary.column).tolist() == list(range(len(ids)))
    for index, outside in enumerate(ids):
        assert outside in vocabulary
        assert vocabulary.encode([outside]).tolist() == [index]
        assert vocabulary.index(outside) == index


def test_many_ids_are_encoded_as_few_are():
    ids = [f"item-{n}" for n in range(3000)]
    vocabulary = Vocabulary(ids)
    assert vocabulary.encode(reversed(ids)).tolist() == list(range(2999, -1, -1))


@given(columns.map(lambda column: list(dict.fromkeys(column))))
def test_what_a_person_types_finds_the_id(ids):
    vocabulary = Vocabulary(ids)
    assert [vocabulary.parse(str(outside)) for outside in ids] == ids


@pytest.mark.parametrize("text", ["--1", "²", "1.0", "", "one", "3", "1_0"])
def test_what_a_person_types_wrongly_is_an_unknown_id(text):
    with pytest.raises(UnknownIdError, match=r"unknown item id"):
        Vocabulary([1, 2, 10]).parse(text)


@pytest.mark.parametrize(
    "column",
    [
        ["b", "a", "b"],
        ("b", "a", "b"),
        np.array(["b", "a", "b"]),
        np.array(["b", "a", "b"], dtype=object),
        pd.Series(["b", "a", "b"]),
        pd.Series(["b", "a", "b"], dtype=object),
        pd.Series(["b", "a", "b"], dtype="category"),
        pl.Series(["b", "a", "b"]),
        pa.array(["b", "a", "b"], pa.large_string()),
        pa.array(["b", "a", "b"], pa.string_view()),
        pa.array(["b", "a", "b"]).dictionary_encode(),
        pa.chunked_array([["b"], ["a", "b"]]),
        pa.chunked_array([["b"], ["a", "b"]]).dictionary_encode(),
    ],
    ids=lambda column: type(column).__name__,
)
def test_every_column_of_strings_gives_the_same_vocabulary(column):
    vocabulary, index = Vocabulary.of(column)
    assert (vocabulary.ids, index.tolist()) == (("a", "b"), [1, 0, 1])
    assert vocabulary == Vocabulary(["a", "b"])
    assert vocabulary.encode(column).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "column",
    [
        [2, 1, 2],
        np.array([2, 1, 2]),
        np.array([2, 1, 2], dtype=np.uint8),
        np.array([2, 1, 2], dtype=np.uint64),
        np.array([2, 1, 2], dtype=object),
        [np.int64(2), np.int32(1), 2],
        pd.Series([2, 1, 2], dtype="int32"),
        pd.Series([2, 1, 2], dtype="Int64"),
        pd.Series([2, 1, 2], dtype="category"),
        pl.Series([2, 1, 2], dtype=pl.UInt16),
        pa.array([2, 1, 2], pa.int8()),
    ],
    ids=lambda column: f"{type(column).__name__}-{getattr(column, 'dtype', '')}",
)
def test_every_column_of_integers_gives_the_same_vocabulary(column):
    vocabulary, index = Vocabulary.of(column)
    assert (vocabulary.ids, index.tolist()) == ((1, 2), [1, 0, 1])
    assert all(type(outside) is int for outside in vocabulary.ids)
    assert vocabulary.fingerprint == Vocabulary([1, 2]).fingerprint
    assert vocabulary.encode(column).tolist() == [1, 0, 1]


class TestRefusals:
    def test_a_repeated_id(self):
        with pytest.raises(DataError, match=r"user id 'b' occurs more than once"):
            Vocabulary(["a", "b", "c", "b"], "user")

    @pytest.mark.parametrize("ids", [["a", 1], [1, "a"], ["a", float("nan")], [1, True]])
    def test_mixed_types(self, ids):
        with pytest.raises(DataError, match=r"item ids must be all integers .* or all strings"):
            Vocabulary(ids)

    @pytest.mark.parametrize(
        ("ids", "kind"),
        [([True, False], "bool"), ([1.0, 2.0], "double"), ([b"a"], "binary"), (np.array([0.5]), "double")],
    )
    def test_types_that_are_no_ids(self, ids, kind):
        with pytest.raises(DataError, match=f"item ids of type {kind} are not integers or strings. Convert the column"):
            Vocabulary(ids)

    @pytest.mark.parametrize("ids", [["a", None, "b"], [1, None], pa.array([1, None, None])])
    def test_missing_ids_name_the_first_row(self, ids):
        with pytest.raises(DataError, match=r"user id is missing in row 2 of"):
            Vocabulary(ids, "user")

    @pytest.mark.parametrize("ids", [[2**64], [2**63], np.array([2**63], dtype=np.uint64)])
    def test_integers_that_are_too_long(self, ids):
        with pytest.raises(DataError, match=r"integers \(of 64 bits\)"):
            Vocabulary(ids)

    @pytest.mark.parametrize("broken", ["", "a\nb", "a\rb", "\n"])
    def test_strings_that_are_not_one_line(self, broken):
        with pytest.raises(DataError, match=r"item id .* is empty or holds a line break"):
            Vocabulary(["a", broken])

    def test_strings_that_are_no_unicode(self):
        with pytest.raises(DataError, match=r"item ids must be"):
            Vocabulary(["a", "\ud800"])

    def test_an_index_out_of_range(self):
        with pytest.raises(IndexError):
            Vocabulary(["a"]).decode([1])
        with pytest.raises(IndexError, match=r"item index -1 is below 0\. Indices count from 0"):
            Vocabulary(["a"]).decode([0, -1])


class TestUnknownIds:
    def test_the_message_names_them_and_shows_what_ids_look_like(self):
        with pytest.raises(
            UnknownIdError, match=r"unknown user id 'x', 'y': not among the 2 users .* strings, such as 'a'"
        ):
            Vocabulary(["a", "b"], "user").encode(["a", "x", "y"])

    @pytest.mark.parametrize("outside", ["1", 3, True, 1.0, None, [1]])
    def test_of_one_id(self, outside):
        with pytest.raises(UnknownIdError, match=r"unknown item id .* not among the 2 items"):
            Vocabulary([1, 2]).index(outside)

    def test_the_message_names_at_most_five_of_them(self):
        for many in (range(5, 500), range(5, 5000)):
            with pytest.raises(UnknownIdError, match=r"unknown item id 5, 6, 7, 8, 9: not"):
                Vocabulary([1, 2]).encode(many)

    @pytest.mark.parametrize("times", [1, 2000])
    @pytest.mark.parametrize("outside", ["1", True, 1.0, None])
    def test_an_id_of_another_type_is_unknown(self, outside, times):
        with pytest.raises(UnknownIdError, match=r"Ids here are integers, such as 1"):
            Vocabulary([1, 2]).encode([outside] * times)
        assert outside not in Vocabulary([1, 2])
        assert not Vocabulary([1, 2]).holds([2, outside, 1])
        assert Vocabulary([1, 2]).holds([2, np.int64(1), 1])

    def test_a_column_of_another_type_is_unknown(self):
        with pytest.raises(UnknownIdError, match=r"unknown item id '1'"):
            Vocabulary([1, 2]).encode(pa.array(["1"]))
        with pytest.raises(UnknownIdError, match=r"unknown item id None"):
            Vocabulary([1, 2]).encode(pa.array([1, None]))

    def test_what_cannot_be_an_id_is_not_in_a_vocabulary(self):
        assert [1] not in Vocabulary([1, 2])
        assert np.int64(1) in Vocabulary([1, 2])

    def test_nothing_is_known_to_an_empty_vocabulary(self):
        empty = Vocabulary([])
        assert len(empty) == 0
        assert empty.encode([]).tolist() == []
        with pytest.raises(UnknownIdError, match=r"not among the 0 items"):
            empty.encode(["a"])


@given(st.lists(integers, min_size=2, unique=True), st.randoms())
def test_the_fingerprint_depends_on_ids_order_and_type(ids, random):
    again = random.sample(ids, len(ids))
    assert (Vocabulary(ids).fingerprint == Vocabulary(again).fingerprint) == (ids == again)
    assert (Vocabulary(ids) == Vocabulary(again)) == (ids == again)
    texts = Vocabulary([str(i) for i in ids])
    assert Vocabulary(ids) != texts
    assert Vocabulary(ids).fingerprint != texts.fingerprint
    assert hash(Vocabulary(ids)) == hash(Vocabulary(list(ids)))


@given(st.lists(integers.map(str) | st.from_regex(r"\A[+-]?[0-9]{1,3}\Z") | strings, min_size=1))
def test_texts_become_integers_only_if_nothing_is_lost(texts):
    typed = typed_ids(pa.array(texts)).to_pylist()
    assert list(map(str, typed)) == texts
    assert all(isinstance(i, int) for i in typed) or typed == texts


def test_texts_that_look_like_integers_become_integers():
    assert typed_ids(pa.array(["7", "-12", "0", str(2**63 - 1)])).to_pylist() == [7, -12, 0, 2**63 - 1]
    assert typed_ids(pa.array([str(2**63)])).to_pylist() == [str(2**63)]
    assert typed_ids(pa.chunked_array([["7", None]])).to_pylist() == [7, None]


class TestCatalogue:
    def test_titles_are_looked_up_by_id(self):
        catalogue = Catalogue(Vocabulary(["b", "a"]), ("Jaws", "Alien"))
        assert [catalogue.title(item) for item in ("a", "b", "c")] == ["Alien", "Jaws", "c"]
        assert len(catalogue) == 2
        assert catalogue.fingerprint == Vocabulary(["b", "a"]).fingerprint

    def test_without_titles_the_id_is_the_title(self):
        assert Catalogue(Vocabulary([7])).title(7) == "7"

    def test_given_titles_replace_ids_where_there_is_one(self):
        assert Catalogue(Vocabulary([7, 8])).with_titles({8: "Jaws", 9: "Alien"}).titles == ("7", "Jaws")

    def test_titles_are_found_whether_their_file_had_numbers_or_text(self):
        assert Catalogue(Vocabulary(["7"])).with_titles({7: "Jaws"}).titles == ("Jaws",)
        assert Catalogue(Vocabulary([7])).with_titles({"7": "Jaws"}).titles == ("Jaws",)

    def test_a_subset_keeps_titles_with_their_items(self):
        subset = Catalogue(Vocabulary([1, 2, 3]), ("one", "two", "three")).subset(np.array([2, 0]))
        assert (subset.vocabulary.ids, subset.titles) == ((3, 1), ("three", "one"))

    def test_a_wrong_number_of_titles_is_refused(self):
        with pytest.raises(DataError, match=r"1 titles for 2 items: give one title an item"):
            Catalogue(Vocabulary([1, 2]), ("one",))
