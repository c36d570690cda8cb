import runpy
from pathlib import Path

import pytest

from topple import registry

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "guides"
LIBRARIES = registry.names("adapters")


def guide(library):
    return FOLDER / f"explain-your-{library}-model.py"


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.filterwarnings("ignore")
def test_guide(library, capsys, tmp_path, monkeypatch):
    if library != "callable":
        pytest.importorskip(library, reason=f"{library} is not installed here", exc_type=ImportError)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["guide"])
    runpy.run_path(str(guide(library)), run_name="__main__")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("You are recommended")]
    assert len(lines) >= 2
    assert any("because you liked" in line for line in lines)


def test_every_adapter_has_a_guide_of_at_most_twenty_lines():
    assert {path.name for path in FOLDER.glob("*.py")} == {guide(library).name for library in LIBRARIES}
    for library in LIBRARIES:
        text = guide(library).read_text()
        assert len(text.splitlines()) <= 20
        assert f'"{library}"' in text
