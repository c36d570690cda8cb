import ctypes
import errno
from types import SimpleNamespace

import pytest

from topple.exchange import exchange


def contents(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def two(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_text("1")
    (tmp_path / "file").write_text("2")
    return tmp_path / "folder", tmp_path / "file"


def test_a_folder_and_a_file_change_places(tmp_path, two):
    if not exchange(*two):
        pytest.skip("this system or file system has no exchange")
    assert contents(tmp_path) == {"folder": "2", "file/a": "1"}


def test_a_missing_path_is_an_error(tmp_path, two):
    if not exchange(*two):
        pytest.skip("this system or file system has no exchange")
    with pytest.raises(FileNotFoundError, match=r"No such file.*folder.*missing"):
        exchange(two[0], tmp_path / "missing")
    assert contents(tmp_path) == {"folder": "2", "file/a": "1"}


def failing(name, number):
    def call(*arguments):
        ctypes.set_errno(number)
        return -1

    return lambda *arguments, **options: SimpleNamespace(**{name: call})


@pytest.mark.parametrize("name", ["renameat2", "renamex_np", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL, errno.EPERM])
def test_where_there_is_no_exchange_nothing_is_done(tmp_path, two, monkeypatch, name, number):
    monkeypatch.setattr(ctypes, "CDLL", failing(name, number))
    assert not exchange(*two)
    assert contents(tmp_path) == {"folder/a": "1", "file": "2"}


@pytest.mark.parametrize("name", ["renameat2", "renamex_np"])
def test_an_exchange_that_fails_says_why(two, monkeypatch, name):
    monkeypatch.setattr(ctypes, "CDLL", failing(name, errno.EIO))
    with pytest.raises(OSError, match=r"Input/output error"):
        exchange(*two)
