"""The addresses of the page."""

import re

import httpx
import pytest

from tests.web.served import serving
from topple.web.models import ServedModel
from topple.web.page.assets import assets
from topple.web.settings import ServeSettings

MOST = 300_000


@pytest.fixture(scope="module")
def client(served):
    with httpx.Client(base_url=served) as found:
        yield found


def test_the_page_is_small_and_all_of_it_comes_from_the_service(client):
    shell = client.get("/")
    assert shell.status_code == 200
    assert shell.headers["content-type"] == "text/html; charset=utf-8"
    named = re.findall(r'(?:src|href)="(page/[^"]+)"', shell.text)
    assert len(named) == 3
    assert not re.search(r"https?://", shell.text)
    assert all(client.get(f"/{name}").status_code == 200 for name in named)
    assert len(shell.content) + sum(map(len, assets().files.values())) < MOST


def test_the_shell_is_asked_for_each_time_and_files_are_kept_for_good(client):
    assert client.get("/").headers["cache-control"] == "no-cache"
    for name in assets().files:
        found = client.get(f"/page/{assets().version}/{name}")
        assert "immutable" in found.headers["cache-control"]
        assert found.content == assets().files[name]
        assert found.headers["content-type"].startswith(("text/javascript", "text/css", "image/svg+xml"))


def test_the_shell_has_no_script_or_style_of_its_own(client):
    shell = client.get("/").text
    assert not re.search(r"<style|style=|<script(?![^>]* src=)|\son[a-z]+=|javascript:", shell)


@pytest.mark.parametrize(
    "path", ["/page/0/page.css", "/page/{version}/router.py", "/page/{version}/..%2frouter.py", "/page/{version}/"]
)
def test_nothing_else_is_read(client, path):
    found = client.get(path.format(version=assets().version))
    assert found.status_code == 404
    assert "error" in found.json()


def test_an_old_address_of_a_file_says_what_to_do(client):
    assert "load it anew" in client.get("/page/0/page.css").json()["error"]["message"]


def test_a_service_without_the_page_has_none(films):
    import topple

    model = ServedModel("films", topple.fit(films, "popularity", progress=False), films)
    with serving([model], ServeSettings(page=False)) as (_, address):
        assert httpx.get(f"{address}/").status_code == 404
