import stat

import pytest

from tests.browsers import chromium
from topple.errors import CapabilityError, OutputError, OutputExistsError
from topple.reports.papers.printing import browser, print_page


def test_a_page_is_printed(tmp_path):
    chromium()
    print_page("<!doctype html><title>x</title><p>one page", tmp_path / "a.pdf")
    printed = (tmp_path / "a.pdf").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert b"%%EOF" in printed[-1024:]
    with pytest.raises(OutputExistsError, match="exists and is left as it is"):
        print_page("<p>", tmp_path / "a.pdf")


def test_without_a_browser_it_is_said_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        CapabilityError, match=r"none of chromium, .* is installed. Install chromium, name a browser .* TOPPLE_BROWSER"
    ):
        browser()
    monkeypatch.setenv("TOPPLE_BROWSER", "no-such-browser")
    with pytest.raises(CapabilityError, match="TOPPLE_BROWSER='no-such-browser' is no program"):
        print_page("<p>", tmp_path / "a.pdf")
    assert not (tmp_path / "a.pdf").exists()


def test_a_browser_that_fails_leaves_no_file(monkeypatch, tmp_path):
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\necho it broke >&2\nexit 3\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("TOPPLE_BROWSER", str(program))
    with pytest.raises(OutputError, match=r"printed nothing: it broke. Print the HTML page by hand"):
        print_page("<p>", tmp_path / "a.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["browser"]
