"""A real service on a free port of this machine, for as long as the tests of a module."""

import contextlib
import threading
import time

import httpx
import pytest
import uvicorn

import topple
from topple.testing import tiny_split
from topple.web.app import create_app
from topple.web.guarding.connections import patient
from topple.web.models import ServedModel, ServedModels, load_served
from topple.web.settings import ServeSettings


@pytest.fixture(scope="session")
def split():
    return tiny_split()


@pytest.fixture(scope="session")
def ease(split):
    return topple.fit(split, "ease", progress=False)


@contextlib.contextmanager
def serving(models, settings=None, audit=None):
    """Serve models; yield the app and the address."""
    settings = settings or ServeSettings()
    app = create_app(ServedModels(models), settings, audit)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, access_log=False, server_header=False,
        http=patient(settings.header_seconds), timeout_graceful_shutdown=5,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield app, f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)


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
