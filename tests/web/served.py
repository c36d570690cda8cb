"""A real service on a free port of this machine."""

import contextlib

from topple.web.app import create_app
from topple.web.models import ServedModels
from topple.web.serving import in_background


@contextlib.contextmanager
def serving(models, settings=None, audit=None):
    """Serve models; yield the app and the address."""
    app = create_app(ServedModels(models), settings, audit)
    with in_background(app) as address:
        yield app, address
