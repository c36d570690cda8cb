"""A service for the tests of a module."""

import httpx
import pytest

import topple
from tests.web.served import serving
from topple.testing import tiny_split
from topple.web.models import ServedModel, load_served


@pytest.fixture(scope="session")
def split():
    return tiny_split()


@pytest.fixture(scope="session")
def ease(split):
    return topple.fit(split, "ease", progress=False)


@pytest.fixture(scope="module")
def service(ease, split, tmp_path_factory):
    """A service with the model `films` of this process and the model `kept`, read from a folder."""
    folder = tmp_path_factory.mktemp("models") / "kept"
    topple.save_model(ease, folder, split)
    with serving([ServedModel("films", ease, split), load_served("kept", folder)]) as (app, address):
        yield app, address


@pytest.fixture(scope="module")
def client(service):
    with httpx.Client(base_url=service[1], timeout=30) as found:
        yield found
