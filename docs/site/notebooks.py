"""The pages of the notebooks: the texts and the code of each, in order."""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"


def pages(folder: Path = FOLDER) -> dict[str, str]:
    """Return the text of each page by path."""
    return {f"notebooks/{path.stem}.md": page(path) for path in sorted(folder.glob("*.ipynb"))}


def page(notebook: Path) -> str:
    """Return the page of a notebook; what cells show is shown where the notebook is run."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    parts = []
    for cell in cells:
        source = "".join(cell["source"]).strip()
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code" and source:
            parts.append(f"```python\n{source}\n```")
    parts.append(f"The notebook is `docs/notebooks/{notebook.name}`, and is run in the tests.")
    return "\n\n".join(parts) + "\n"
