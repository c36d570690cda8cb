import hashlib
import io
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from topple.data.download import Archive, cache_folder, fetch_archive
from topple.data.sources.base import Source
from topple.errors import DataNotFoundError, DownloadError

ADVICE = "Without a download: get u.data and put it into the-cache."


def zipped(files):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return whole.getvalue()


CONTENT = zipped(
    {
        "ml/u.data": "1\t2\t3\n",
        "ml/u.item": "2|Alien|\n",
        "ml/deep/inner": "x",
        "ml/../../escaped": "x",
        "other/u.data": "x",
    }
)


@contextmanager
def serving(content, status=200, sent=None):
    """Serve `content` on this machine, of it only the first `sent` bytes; yield the address and the list of requests."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:sent])

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ml.zip", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def archive(url, content=CONTENT, folder="ml"):
    return Archive(url, f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}", folder)


def contents(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def check_that_it_fails(into, wanted, message):
    threads = set(threading.enumerate())
    with pytest.raises(DownloadError, match=message) as raised:
        fetch_archive(wanted, into, ADVICE)
    assert ADVICE in str(raised.value)
    assert wanted.url in str(raised.value)
    assert list(into.parent.rglob("*")) == []
    left = [thread for thread in set(threading.enumerate()) - threads if "Refresh" in type(thread).__name__]
    for thread in left:
        thread.join(timeout=5)
    assert not any(thread.is_alive() for thread in left), "the progress bar is still drawn"


@pytest.mark.parametrize("progress", [False, True])
def test_an_archive_is_fetched_once_and_its_folder_unpacked(tmp_path, progress):
    with serving(CONTENT) as (url, requests):
        for _ in range(2):
            found = fetch_archive(archive(url), tmp_path / "cache" / "ml-100k", ADVICE, progress=progress)
            assert found == tmp_path / "cache" / "ml-100k"
            assert contents(tmp_path) == {"cache/ml-100k/u.data": "1\t2\t3\n", "cache/ml-100k/u.item": "2|Alien|\n"}
    assert len(requests) == 1


def test_a_folder_that_is_there_needs_no_network(tmp_path):
    (tmp_path / "ml").mkdir()
    assert fetch_archive(archive("http://127.0.0.1:1/ml.zip"), tmp_path / "ml", ADVICE) == tmp_path / "ml"


def test_a_wrong_checksum(tmp_path):
    with serving(CONTENT + b"changed") as (url, _):
        check_that_it_fails(tmp_path / "ml", archive(url), "does not match the checksum md5:.* Nothing was kept")


@pytest.mark.parametrize("sent", [0, 10, len(CONTENT) - 1])
def test_a_download_that_is_cut_short(tmp_path, sent):
    with serving(CONTENT, sent=sent) as (url, _):
        check_that_it_fails(tmp_path / "ml", archive(url), "could not be downloaded|cut short on the way")


def test_a_refused_connection(tmp_path):
    with serving(CONTENT) as (url, _):
        pass
    check_that_it_fails(tmp_path / "ml", archive(url), r"could not be downloaded \(ConnectionError\)")


def test_a_page_that_is_not_there(tmp_path):
    with serving(b"gone", status=404) as (url, _):
        check_that_it_fails(tmp_path / "ml", archive(url), r"could not be downloaded \(HTTPError\)")


def test_what_is_no_zip_file(tmp_path):
    with serving(b"no zip") as (url, _):
        check_that_it_fails(tmp_path / "ml", archive(url, b"no zip"), "is not a zip file")


def test_a_zip_file_without_the_folder(tmp_path):
    with serving(CONTENT) as (url, _):
        check_that_it_fails(tmp_path / "ml", archive(url, folder="ml-1m"), "holds no files in a folder ml-1m")


def test_after_a_failure_the_next_try_succeeds(tmp_path):
    with serving(CONTENT, sent=10) as (url, _), pytest.raises(DownloadError):
        fetch_archive(archive(url), tmp_path / "ml", ADVICE)
    with serving(CONTENT) as (url, _):
        fetch_archive(archive(url), tmp_path / "ml", ADVICE)
    assert set(contents(tmp_path)) == {"ml/u.data", "ml/u.item"}


def test_the_cache_is_chosen_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPPLE_DATA", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.setenv("TOPPLE_DATA", "~/mine")
    assert cache_folder() == Path.home() / "mine"
    monkeypatch.delenv("TOPPLE_DATA")
    assert cache_folder().name == "topple"


class Films(Source):
    name = "films"
    title = "Some films"
    homepage = "https://films.example"
    files = ("u.data", "u.item|movies.dat")

    def read(self, folder):
        return folder


class TestSource:
    @pytest.fixture(autouse=True)
    def cache(self, tmp_path, monkeypatch):
        monkeypatch.setenv("TOPPLE_DATA", str(tmp_path / "cache"))
        return tmp_path / "cache"

    def test_it_downloads_into_the_cache(self, cache, monkeypatch):
        with serving(CONTENT) as (url, _):
            monkeypatch.setattr(Films, "archive", archive(url))
            assert Films().load() == cache / "films"
        assert set(contents(cache)) == {"films/u.data", "films/u.item"}

    def test_offline_it_says_which_files_to_put_where(self, cache, monkeypatch):
        monkeypatch.setattr(Films, "archive", archive("http://127.0.0.1:1/ml.zip"))
        with pytest.raises(DownloadError) as raised:
            Films().load()
        said = "get u.data, u.item or movies.dat from https://films.example, put them into"
        assert f"{said} {cache / 'films'}, or into any folder and pass it as data_dir (--data-dir)." in str(
            raised.value
        )

    def test_without_an_archive_it_says_so(self, cache):
        with pytest.raises(
            DataNotFoundError, match=r"Some films has no archive to download\. .*get u\.data, u\.item or"
        ):
            Films().load()
        (cache / "films").mkdir(parents=True)
        for file in ("u.data", "movies.dat"):
            (cache / "films" / file).touch()
        assert Films().load() == cache / "films"

    def test_a_cache_that_lacks_a_file_says_which(self, cache):
        (cache / "films").mkdir(parents=True)
        (cache / "films" / "u.data").touch()
        with pytest.raises(
            DataNotFoundError, match=r"films does not hold u\.item or movies\.dat, which Some films needs"
        ):
            Films().load()

    def test_a_given_folder_may_hold_the_files_or_a_folder_of_that_name(self, tmp_path):
        for folder in (tmp_path / "plain", tmp_path / "above" / "films"):
            folder.mkdir(parents=True)
            for file in ("u.data", "u.item"):
                (folder / file).touch()
        assert Films().load(tmp_path / "plain") == tmp_path / "plain"
        assert Films().load(tmp_path / "above") == tmp_path / "above" / "films"

    @pytest.mark.parametrize("folder", ["empty", "absent"])
    def test_a_given_folder_without_them_says_which_are_missing(self, tmp_path, folder):
        (tmp_path / "empty").mkdir()
        with pytest.raises(
            DataNotFoundError, match=rf"{folder} does not hold u\.data, which Some films needs\. .*--data-dir"
        ):
            Films().load(tmp_path / folder)
