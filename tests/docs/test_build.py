"""The site is built of a clean folder, without a warning, and no link of it leads nowhere."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("sphinx", reason="the extra docs is not installed here")
pytest.importorskip("myst_parser", reason="the extra docs is not installed here")

from docs.site.build import ROOT, prepare


def site(out, *words):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    return subprocess.run(
        [sys.executable, "-m", "docs.site", "--out", str(out), *words],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("docs")
    done = site(out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"The site is {out / 'html' / 'index.html'}"
    return out


class Links(HTMLParser):
    """Collects what a page links to, and the anchors that it has."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if found.get("id"):
            self.anchors.add(found["id"])
        link = found.get("href") if tag in ("a", "link") else found.get("src") if tag in ("img", "script") else None
        if link and not urlsplit(link).scheme and not link.startswith("//"):
            self.links.add(link)


def test_no_link_of_the_site_leads_nowhere(built):
    html = built / "html"
    paths = [path for path in html.rglob("*.html") if "_static" not in path.parts]  # a template of the theme is there
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in paths}
    assert len(pages) > 60
    broken = []
    for page, found in pages.items():
        for link in found.links:
            parts = urlsplit(link)
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            anchors = pages[target].anchors if target in pages else ()
            if not target.is_file() or (parts.fragment and target in pages and unquote(parts.fragment) not in anchors):
                broken.append((page.relative_to(html).as_posix(), link))
    assert not broken


def test_every_page_is_reached_and_names_no_folder_of_a_machine(built):
    for page in (built / "pages").rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"/work/|/tmp/|/root/|\b(DESIGN|METHODS)\.md", text), page
        assert text.lstrip().startswith(("# ", "---", "```{", "(")), page


def test_a_warning_ends_the_build_with_an_error(tmp_path, monkeypatch):
    from docs.site import build

    pages = tmp_path / "docs"
    pages.mkdir()
    for name in ("conf.py", "index.md"):
        (pages / name).write_bytes((build.DOCS / name).read_bytes())
    (pages / "index.md").write_text("# Docs\n\n[nowhere](nowhere.md)\n")
    (pages / "_static").mkdir()
    monkeypatch.setattr(build, "DOCS", pages)
    monkeypatch.setattr(build, "made", dict)
    assert build.build(tmp_path / "out") != 0


def test_pages_that_are_gone_go(tmp_path, monkeypatch):
    from docs.site import build

    monkeypatch.setattr(build, "made", lambda: {"methods/one.md": "# one\n"})
    prepare(tmp_path / "pages")
    monkeypatch.setattr(build, "made", lambda: {"methods/two.md": "# two\n"})
    prepare(tmp_path / "pages")
    assert [path.name for path in (tmp_path / "pages" / "methods").iterdir()] == ["two.md"]
    assert (tmp_path / "pages" / "start" / "orders.csv").is_file()
    assert not (tmp_path / "pages" / "guides").exists()
    assert not (tmp_path / "pages" / "site").exists()


def test_links_to_scripts_of_the_guides_lead_to_their_pages(tmp_path, monkeypatch):
    from docs.site import build

    monkeypatch.setattr(build, "made", dict)
    prepare(tmp_path / "pages")
    text = (tmp_path / "pages" / "start" / "engineer.md").read_text(encoding="utf-8")
    assert "](../guides/explain-your-implicit-model.md)" in text
    assert ".py)" not in text
