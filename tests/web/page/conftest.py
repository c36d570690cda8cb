"""A service with the page, and a browser."""

import httpx
import pytest

import topple
from tests.cli.conftest import run
from tests.web.page.browsing import browsing, visiting
from tests.web.served import serving
from topple.web.models import ServedModel


@pytest.fixture(scope="session")
def films():
    return topple.load_split("generated")


@pytest.fixture(scope="session")
def served(films):
    """The models `films` and `near`, which know the same users."""
    models = [
        ServedModel("films", topple.fit(films, "ease", progress=False), films),
        ServedModel("near", topple.fit(films, "item-knn", progress=False), films),
    ]
    with serving(models) as (_, address):
        yield address


@pytest.fixture(scope="session")
def api(served):
    """Ask the model `films` of the service."""
    with httpx.Client(base_url=f"{served}/v1/models/films/", timeout=60) as client:

        def ask(path, **body):
            found = client.post(path, json=body) if body else client.get(path)
            assert found.status_code == 200, found.text
            return found.json()

        ask("explain", user=ask("users")["users"][0])  # what is compiled, is compiled
        yield ask


@pytest.fixture(scope="session")
def users(films):
    return list(films.histories(limit=20))


@pytest.fixture(scope="module")  # a running browser keeps the loop of this thread
def browser():
    with browsing() as found:
        yield found


@pytest.fixture
def page(browser, served, api):
    with visiting(browser, served) as found:
        found.base = served
        yield found


@pytest.fixture(scope="session")
def topple_command():
    """Run the command line."""
    return run
