"""A page for each row of the registry: of the class alone, and its examples run."""

import os
import re
import subprocess
import sys
import textwrap

import pytest

from docs.site import lists, rows
from docs.site.build import ROOT
from topple import registry

PAGES = rows.pages() | lists.pages()


def blocks(text, language="python"):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("methods", "explainers"), ("metrics", "metrics"), ("models", "recommenders"), ("libraries", "adapters"), ("datasets", "datasets")],
)  # fmt: skip
def test_every_row_has_a_page_and_stands_in_the_list(folder, kind):
    for name in registry.names(kind):
        assert PAGES[f"{folder}/{name}.md"].startswith(f"# {name}\n")
        assert f"[{name}]({name}.md)" in PAGES[f"{folder}/index.md"]
        assert f"\n{name}\n" in PAGES[f"{folder}/index.md"]


@pytest.mark.parametrize("name", registry.names("explainers"))
def test_the_page_of_a_method_says_what_it_needs_costs_and_takes(name):
    page, kind = PAGES[f"methods/{name}.md"], registry.load("explainers", name)
    assert "\n* - Needs\n  - " in page
    assert "\n* - Goals\n  - `" in page
    for field in kind.settings_type.model_fields:
        assert f"| `{field}` |" in page
    for preset in kind.settings_type.presets:
        assert f"- `{preset}`: " in page


@pytest.mark.parametrize("name", registry.names("explainers"))
def test_the_example_of_a_method_runs(name, capsys):
    code = blocks(PAGES[f"methods/{name}.md"])[0]
    exec(compile(code, f"methods/{name}.md", "exec"), {})  # noqa: S102
    assert len(capsys.readouterr().out.splitlines()) == 6


@pytest.mark.parametrize("name", registry.names("metrics"))
def test_the_example_of_a_metric_runs(name, capsys):
    exec(compile(blocks(PAGES[f"metrics/{name}.md"])[0], f"metrics/{name}.md", "exec"), {})  # noqa: S102
    printed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert printed in (["unseen_before", "unseen_after"], ["unseen_before"])


def test_a_method_of_a_paper_names_it():
    page = PAGES["methods/lcer.md"]
    assert "\n* - Source\n  - Wen" in page
    assert "a recommender that is `differentiable`" in page
    assert "- `ml-100k`: " in page


def test_a_range_and_a_meaning_stand_in_the_table_of_settings():
    assert (
        "| `width` | `int` | `6` | at least 1 | Items tried in each step; four times as many"
        in PAGES["methods/auto.md"]
    )


OUTSIDE = '''
from topple.explainers.greedy import Greedy
from topple.metrics.base import MeanMetric

class Mine(Greedy):
    """Name items in the way of *mine* <b>.

    Needs: nothing.  Cost: little.  Random: no.
    Source: Nobody, 2026.

    Example:
        >>> 1 + 1
        2
    """

    name = "mine"

class Half(MeanMetric):
    """Half of everything."""

    name = "half"
    title = "half"
    direction = "higher"
    of = "queries"

    def value(self, judged):
        """Return a half."""
        return 0.5
'''


def test_what_another_package_adds_has_pages_with_no_edit_here(tmp_path):
    (tmp_path / "other_package.py").write_text(OUTSIDE)
    info = tmp_path / "other_package-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-package\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[topple.explainers]\nmine = other_package:Mine\n[topple.metrics]\nhalf = other_package:Half\n"
    )
    code = textwrap.dedent("""
        from docs.site import lists, rows
        pages = rows.pages() | lists.pages()
        print(pages["methods/mine.md"], pages["metrics/half.md"], pages["methods/index.md"], pages["metrics/index.md"])
    """)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT), str(tmp_path)])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for said in (
        "# mine\n\nName items in the way of \\*mine\\* \\<b\\>.",
        "* - Comes with\n  - other-package 1.2\n",
        "* - Cost\n  - little.\n",
        "* - Source\n  - Nobody, 2026.\n",
        "```python\n>>> 1 + 1\n2\n```",
        "# half\n\nHalf of everything.",
        "[mine](mine.md)",
        "[half](half.md)",
    ):
        assert said in done.stdout
