"""Serve: models are loaded, the service listens, and ends when what is in progress is done."""

import gc
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from topple.errors import SettingsError
from topple.web.app import create_app
from topple.web.auditing import auditing
from topple.web.guarding.connections import patient
from topple.web.models import ServedModels, keyed, load_served
from topple.web.service import Service
from topple.web.settings import ServeSettings
from topple.web.telling.logs import log_lines

BACKGROUND_DRAIN = 5
"""Seconds that requests in progress have to end where a service in a thread is stopped."""
SWITCH = 0.0005
"""Seconds that a thread may keep the others waiting: those that compute give way at each call of torch, and get the turn back soon."""


def serve(
    folders: Sequence[str],
    settings: ServeSettings,
    factory: str | None = None,
    on_listening: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve model folders, each FOLDER or KEY=FOLDER, until the process is told to stop.

    Args:
        folders: of the models.
        settings: of the service.
        factory: what builds a wrapped model whose folder does not hold it.
        on_listening: called with the address once requests are taken.

    Raises:
        ToppleError: a folder that is none, a port that is taken, or settings that do not go together; before anything listens.
    """
    check_open(settings)
    with listening(settings) as socket:
        models = ServedModels(load_served(key, Path(folder), factory) for key, folder in map(keyed, folders))
        with auditing(settings) as audit:
            log_lines()
            sys.setswitchinterval(SWITCH)
            host, port = socket.getsockname()[:2]
            address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"

            def listens() -> None:
                gc.collect()
                gc.freeze()  # what is loaded stays: looking through it for garbage takes a tenth of a second each time
                on_listening(address)

            app = create_app(models, settings, audit, on_ready=listens)
            _server(app, settings, settings.drain_seconds).run(sockets=[socket])


@contextmanager
def in_background(app: FastAPI) -> Iterator[str]:
    """Serve an app on a free port of this machine, from a thread, while the block runs; yield the address once requests are taken."""
    service: Service = app.state.service
    with listening(ServeSettings(port=0)) as found:
        server = _server(app, service.settings, BACKGROUND_DRAIN)
        thread = threading.Thread(target=server.run, args=([found],), daemon=True)
        thread.start()
        while not (server.started and service.ready) and thread.is_alive():
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{found.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=30)


def _server(app: FastAPI, settings: ServeSettings, drain_seconds: int) -> uvicorn.Server:
    config = uvicorn.Config(
        app, http=patient(settings.header_seconds), log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=drain_seconds,
    )  # fmt: skip
    return uvicorn.Server(config)


@contextmanager
def listening(settings: ServeSettings) -> Iterator[socket.socket]:
    """Take the port of the service.

    Raises:
        SettingsError: it is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sends at once (TCP_NODELAY) on sockets that say they are TCP: else a body waits 40 ms for the receipt of the head
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((settings.host, settings.port))
        except (OSError, UnicodeError) as error:
            told = error.strerror if isinstance(error, OSError) else error
            raise SettingsError(
                f"{settings.host}:{settings.port} cannot be listened on ({told}). Give another --port, or --port 0 for a free one, or "
                "another --host."
            ) from error
        found.set_inheritable(True)  # as asyncio's own servers
        yield found


def check_open(settings: ServeSettings) -> None:
    """Refuse to let anybody ask whom nobody knows.

    Raises:
        SettingsError: other machines reach the service, and it asks for no keys.
    """
    if not settings.loopback and settings.keys is None and not settings.open:
        raise SettingsError(
            f"host={settings.host} is reached by other machines, and no API keys are asked for. Make keys with `topple keys add` and give "
            "--keys FILE, or say --open if anybody may ask."
        )
