"""Serve: models are loaded, the service listens, and ends when what is in progress is done."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from topple.errors import SettingsError
from topple.web.app import create_app
from topple.web.auditing import auditing
from topple.web.guarding.connections import patient
from topple.web.models import ServedModels, keyed, load_served
from topple.web.settings import ServeSettings
from topple.web.telling.logs import log_lines

logger = logging.getLogger(__name__)
SWITCH = 0.0005
"""Seconds that a thread may keep the others waiting: those that compute give way at each call of torch, and get the turn back soon."""


def serve(folders: Sequence[str], settings: ServeSettings, factory: str | None = None) -> None:
    """Serve model folders, each FOLDER or KEY=FOLDER, until the process is told to stop.

    Raises:
        ToppleError: a folder that is none, or settings that do not go together; before anything listens.
    """
    check_open(settings)
    models = ServedModels(load_served(key, Path(folder), factory) for key, folder in map(keyed, folders))
    with auditing(settings) as audit:
        config = uvicorn.Config(
            create_app(models, settings, audit), host=settings.host, port=settings.port, http=patient(settings.header_seconds),
            log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=settings.drain_seconds,
            h11_max_incomplete_event_size=16_384,
        )  # fmt: skip
        log_lines()
        sys.setswitchinterval(SWITCH)
        uvicorn.Server(config).run()


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
