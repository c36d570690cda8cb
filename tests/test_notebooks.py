"""The notebooks of the docs run from the first cell to the last, and show what they say, without a warning."""

import os
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
STRICT = "import warnings\nwarnings.simplefilter('error')\n"


def run(notebook, folder):
    """Return the notebook with the outputs of all cells."""
    client = nbclient.NotebookClient(
        notebook, timeout=1200, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute(env={**os.environ, "PYTHONPATH": str(ROOT / "src")})


def shown(notebook, kind):
    """Return what cells show as a kind."""
    return [
        output["data"][kind]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if kind in output.get("data", {})
    ]


@pytest.mark.filterwarnings("ignore")  # of the client; warnings of the notebook are errors
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_cards_frames_and_pictures_without_a_warning(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source = STRICT + first.source
    ran = run(notebook, tmp_path)
    assert not [
        output
        for cell in ran.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream"
    ]
    html = shown(ran, "text/html")
    assert sum('<article class="topple-card">' in each for each in html) >= 5
    assert any("topple-bars" in each.partition("</style>")[2] for each in html)
    assert any('class="dataframe"' in each for each in html)
    assert shown(ran, "image/png")
    assert "<progress" not in "".join(html)
    assert (tmp_path / "why.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    assert not [cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)]
    nbformat.validate(notebook)


def test_there_is_a_notebook():
    assert NOTEBOOKS
