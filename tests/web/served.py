"""A real service on a free port of this machine."""

import contextlib
import threading
import time

import uvicorn

from topple.web.app import create_app
from topple.web.guarding.connections import patient
from topple.web.models import ServedModels
from topple.web.settings import ServeSettings


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
    while not (server.started and app.state.service.ready) and time.monotonic() < until:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield app, f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
