import json

import pytest

from tests.api.papers.folders import odd_recommender, written


@pytest.fixture(scope="module")
def explained(topple, model, tmp_path_factory):
    out = tmp_path_factory.mktemp("reported") / "explained"
    assert topple("explain", "-m", model, "--users", 4, "--effort", "instant", "--out", out).exit_code == 0
    return out


def test_report_writes_a_page_and_prints_the_figures(topple, explained, tmp_path):
    page = tmp_path / "page.html"
    result = topple("report", explained, "--out", page, "--title", "for you")
    assert result.exit_code == 0, result.output
    assert "coverage" in result.stdout
    assert "of 20 queries" in result.stdout
    assert str(page) in result.stdout.replace("\n", "")
    assert "<title>for you</title>" in page.read_text()


def test_report_as_json_writes_no_page_unless_one_is_named(topple, explained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = json.loads(topple("report", explained, "--json").stdout)
    assert told["schema"] == "topple.report/1"
    assert {each["name"]: each["of"] for each in told["figures"]}["coverage"] == 20
    assert not list(tmp_path.iterdir())
    assert topple("report", explained, "--json", "--out", tmp_path / "a.html").exit_code == 0
    assert (tmp_path / "a.html").exists()


def test_report_writes_nothing_over_what_is_there(topple, explained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert topple("report", explained).exit_code == 0
    assert (tmp_path / "report.html").exists()
    result = topple("report", explained)
    assert result.exit_code == 2
    assert "exists and is left as it is" in result.stderr
    assert topple("report", explained, "--overwrite").exit_code == 0


def test_report_says_what_is_wrong(topple, explained, tmp_path):
    assert "nothing is there" in topple("report", tmp_path / "none", "--out", tmp_path / "a.html").stderr
    assert "the suffix must be one of .html, .htm" in topple("report", explained, "--out", tmp_path / "a.pdf").stderr
    (tmp_path / "x.jsonl").write_text("{")
    assert "is damaged" in topple("report", tmp_path / "x.jsonl", "--out", tmp_path / "a.html").stderr
    assert topple("report", explained, "--most", 0).exit_code == 2
    assert not (tmp_path / "a.html").exists()


def test_titles_do_not_reach_the_terminal_as_markup(topple, tmp_path):
    folder = written(tmp_path / "[bold]out", recommender=odd_recommender())
    result = topple("report", folder, "--out", tmp_path / "a.html", "--title", "[red]x\x1b[31m")
    assert result.exit_code == 0, result.output
    assert "[red]x\\x1b[31m" in result.stdout
