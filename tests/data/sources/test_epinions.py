import bz2
import gzip

import pytest

import topple
from topple.data.sources import source
from topple.errors import DataError, DataNotFoundError

TEXT = b"0 1 4\n0 2 5\n17 2 1\n"


@pytest.mark.parametrize(("suffix", "compress"), [("", bytes), (".gz", gzip.compress), (".bz2", bz2.compress)])
def test_it_is_read_plain_and_compressed(tmp_path, suffix, compress):
    (tmp_path / f"ratings_data.txt{suffix}").write_bytes(compress(TEXT))
    found = source("epinions").load(tmp_path)
    assert found.users.decode(found.user_index) == (0, 0, 17)
    assert found.catalogue.vocabulary.decode(found.item_index) == (1, 2, 2)
    assert found.ratings.tolist() == [4, 5, 1]


def test_blank_lines_and_many_spaces_do_not_matter(tmp_path):
    (tmp_path / "ratings_data.txt").write_bytes(b" 0  1 4\r\n\n0 2 5 \n \n")
    assert source("epinions").load(tmp_path).ratings.tolist() == [4, 5]


@pytest.mark.parametrize(("suffix", "compress"), [("gz", gzip.compress), ("bz2", bz2.compress)])
def test_a_truncated_file(tmp_path, suffix, compress):
    whole = compress(b"".join(b"%d %d 4\n" % (n, n) for n in range(5000)))
    (tmp_path / f"ratings_data.txt.{suffix}").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        DataError, match=rf"ratings_data\.txt\.{suffix} ends too early or is damaged .* Fetch the file anew"
    ):
        source("epinions").load(tmp_path)


@pytest.mark.parametrize(("suffix", "compress"), [("gz", gzip.compress), ("bz2", bz2.compress)])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_damaged_file(tmp_path, suffix, compress, share):
    whole = bytearray(compress(b"".join(b"%d %d 4\n" % (n, n) for n in range(5000))))
    start = int(share * len(whole))
    whole[start : start + 40] = b"\xff" * 40
    (tmp_path / f"ratings_data.txt.{suffix}").write_bytes(whole)
    with pytest.raises(DataError, match=r"ends too early or is damaged|is not 'user item rating'"):
        source("epinions").load(tmp_path)


def test_a_file_that_is_not_compressed_as_its_name_says(tmp_path):
    (tmp_path / "ratings_data.txt.gz").write_bytes(TEXT)
    with pytest.raises(DataError, match=r"ends too early or is damaged"):
        source("epinions").load(tmp_path)


def test_a_missing_file_is_named_with_where_to_put_it(tmp_path, monkeypatch):
    message = r"ratings_data\.txt or ratings_data\.txt\.gz or ratings_data\.txt\.bz2"
    with pytest.raises(DataNotFoundError, match=f"does not hold {message}, which Epinions needs"):
        topple.load_split("epinions", tmp_path)
    monkeypatch.setenv("TOPPLE_DATA", str(tmp_path))
    with pytest.raises(
        DataNotFoundError, match=f"Epinions has no archive to download.* get {message} from .* put them into"
    ):
        topple.load_split("epinions")
