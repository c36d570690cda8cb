import gzip
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from topple.errors import OutputError, SettingsError
from topple.inputs import (
    MISSING,
    VARIABLE,
    is_file,
    json_of,
    opened,
    problem,
    read_parquet,
    read_text,
    refuse_name,
    watching,
)


class TestPaths:
    def test_a_file_has_no_problem(self, tmp_path):
        (tmp_path / "a").write_text("x")
        assert problem(tmp_path / "a") is None
        assert problem(str(tmp_path), folder=True) is None
        assert is_file(str(tmp_path / "a"))

    def test_what_is_no_file_is_named(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        assert problem(tmp_path / "none") == MISSING
        assert problem(tmp_path) == "is not a file but a folder"
        assert problem(tmp_path / "pipe") == "is not a file but a pipe, which is read once"
        assert problem("/dev/zero") == "is not a file but a device"
        assert problem(tmp_path / "pipe", folder=True) == "is not a folder"

    def test_a_name_that_no_file_has_is_no_error(self):
        assert problem("a" * 300) == "cannot be read (File name too long)"
        assert "not UTF-8" in problem("a\udcff")
        assert "zero character" in problem("a\0b")

    @pytest.mark.parametrize(
        ("name", "reason"), [("a" * 300, "File name too long"), ("a\udcff", "not UTF-8"), ("a\0", "zero")]
    )
    def test_a_name_that_nothing_can_be_written_at(self, tmp_path, name, reason):
        with pytest.raises(OutputError, match=rf"cannot write .*{reason}.* Choose another path"):
            refuse_name(tmp_path / name, tmp_path / f".{name}.topple")


class TestJson:
    def test_json_that_is_nested_too_deep(self):
        with pytest.raises(ValueError, match="nested too deep"):
            json_of("[" * 100_000 + "]" * 100_000)

    def test_a_number_of_too_many_digits(self):
        with pytest.raises(ValueError, match="4300 digits"):
            json_of("9" * 5_000)

    def test_a_pipe_is_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ValueError, match="it is not a file but a pipe"):
            read_text(tmp_path / "pipe")


class TestUnpacking:
    def test_a_plain_file_is_not_unpacked(self, tmp_path):
        assert opened(tmp_path / "a.csv") is None

    def test_a_packed_file_comes_whole_and_tells_how_far_it_is(self, tmp_path):
        content = np.random.default_rng(0).bytes(3_000_000)
        (tmp_path / "a.gz").write_bytes(gzip.compress(content))
        told = []
        with watching(lambda read, total: told.append((read, total))), opened(tmp_path / "a.gz") as stream:
            assert stream.read() == content
        size = (tmp_path / "a.gz").stat().st_size
        assert told[-1] == (size, size)
        assert len(told) > 2

    def test_a_file_that_unpacks_to_too_much_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr("topple.inputs.LEAST", 10**6)
        (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(10**7)))
        with pytest.raises(ValueError, match=rf"unpacks to .*MB or more, above the limit of 1MB.*set {VARIABLE}"):
            opened(tmp_path / "a.gz").read()
        monkeypatch.setenv(VARIABLE, "20MB")
        assert len(opened(tmp_path / "a.gz").read()) == 10**7

    def test_a_table_that_claims_too_much_is_refused_before_it_is_read(self, tmp_path, monkeypatch):
        monkeypatch.setattr("topple.inputs.LEAST", 10**6)
        pq.write_table(pa.table({"user": np.zeros(5 * 10**6, dtype=np.int8)}), tmp_path / "a.parquet")
        with pytest.raises(ValueError, match=r"unpacks to 5MB or more, above the limit"):
            read_parquet(tmp_path / "a.parquet")
        monkeypatch.setenv(VARIABLE, "1GB")
        assert len(read_parquet(tmp_path / "a.parquet")) == 5 * 10**6

    @pytest.mark.parametrize("text", ["much", "0GB", "1", "-1GB", "1XB"])
    def test_a_limit_that_is_none(self, monkeypatch, tmp_path, text):
        monkeypatch.setenv(VARIABLE, text)
        (tmp_path / "a.gz").write_bytes(gzip.compress(b"x"))
        with pytest.raises(SettingsError, match=rf"{VARIABLE}='{text}' is no amount.*such as 100GB"):
            opened(tmp_path / "a.gz").read()

    def test_a_text_that_is_not_utf_8_in_a_table(self, tmp_path):
        column = pa.Array.from_buffers(pa.string(), 1, pa.array([b"a\xff"]).buffers())
        pq.write_table(pa.table({"item": column}), tmp_path / "a.parquet")
        with pytest.raises(ValueError, match="Invalid UTF8"):
            read_parquet(tmp_path / "a.parquet")
