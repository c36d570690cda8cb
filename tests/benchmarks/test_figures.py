"""The figures of README and docs are those of docs/figures.json."""

import copy

import pytest

from benchmarks import figures
from benchmarks.figures import CHECKED_IN, HERE, MARKED, PAGES, PICTURE, FiguresError, differing, filled, fingerprint
from benchmarks.markdown import Results
from benchmarks.results import read
from benchmarks.tables import MADE

WHOLE = read(CHECKED_IN)


def test_no_page_differs_from_what_was_measured():
    assert not differing(WHOLE), "run python -m benchmarks.figures --write"


def test_the_picture_is_of_what_was_measured():
    assert fingerprint(WHOLE) in (HERE / PICTURE).read_bytes().decode("latin-1"), (
        "run python -m benchmarks.figures --write"
    )


def test_every_figure_that_can_be_made_stands_in_a_page():
    named = {name for page in PAGES for _, name, _, _ in MARKED.findall((HERE / page).read_text(encoding="utf-8"))}
    assert named == set(MADE)


@pytest.mark.parametrize("page", PAGES)
def test_a_number_that_was_changed_by_hand_is_noticed(page, tmp_path):
    for name in PAGES:
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        text = (HERE / name).read_text(encoding="utf-8")
        if name == page:
            begin, _, inside, _ = MARKED.findall(text)[-1]
            text = text.replace(begin + inside, begin + inside.replace("1", "7", 1))
        target.write_text(text, encoding="utf-8")
    assert list(differing(WHOLE, tmp_path)) == [page]


def test_another_measurement_changes_the_pages_that_show_it():
    other = copy.deepcopy(WHOLE)
    for row in other["sections"]["quality"]:
        row["ms"] *= 2
    assert {"README.md", "docs/figures.md"} <= set(differing(other))


def test_the_page_names_every_folder_with_compiled_loops():
    source, page = HERE / "src" / "topple", (HERE / "docs" / "profile.md").read_text(encoding="utf-8")
    compiled = [path for path in source.rglob("*.py") if "\n@compiled\n" in path.read_text(encoding="utf-8")]
    assert compiled
    folders = {str(path.parent.relative_to(source)) for path in compiled} - {"verification"} | {"verification/spare.py"}
    assert {folder for folder in folders if f"`{folder}`" not in page} == set()


def test_every_run_that_rows_name_is_told():
    used = {row["run"] for rows in WHOLE["sections"].values() for row in rows}
    assert used == set(WHOLE["runs"])
    assert all({"date", "commit", "command"} <= set(run) for run in WHOLE["runs"].values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!-- figures: of-nothing --><!-- /figures -->", "asks for figures 'of-nothing', which are none of readme"),
        ("<!-- figures: speed -->", "has a mark of figures that is not ended by"),
    ],
)
def test_a_mark_that_is_wrong_is_refused(text, said):
    with pytest.raises(FiguresError, match=said):
        filled(text, Results(WHOLE), "a page")


def test_rows_that_are_missing_are_named():
    nothing = Results({"runs": {}, "sections": {}})
    with pytest.raises(FiguresError, match=r"a page, figures speed: rows are missing .* Measure them"):
        filled("<!-- figures: speed --><!-- /figures -->", nothing, "a page")


def test_what_is_measured_is_taken_over_and_written(tmp_path, monkeypatch, capsys):
    for name in (*PAGES, PICTURE, "docs/figures.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((HERE / name).read_bytes())
    other = copy.deepcopy(WHOLE)
    next(row for row in other["sections"]["quality"] if row["world"] == "lcer" and row["method"] == "auto")["ms"] = (
        12.345
    )
    build = tmp_path / "bench.json"
    build.write_text(figures_text(other))
    for name, value in {"HERE": tmp_path, "BUILD": build, "CHECKED_IN": tmp_path / "docs" / "figures.json"}.items():
        monkeypatch.setattr(figures, name, value)
    monkeypatch.setattr(differing, "__defaults__", (tmp_path,))
    monkeypatch.setattr("sys.argv", ["figures"])
    assert figures.main() == 0
    monkeypatch.setattr("sys.argv", ["figures", "--write"])
    assert figures.main() == 0
    assert "| 12.3 |" in (tmp_path / "README.md").read_text()
    assert "README.md is written" in capsys.readouterr().out
    assert not differing(read(build), tmp_path)


def figures_text(whole):
    from benchmarks.results import written

    return written(whole)
