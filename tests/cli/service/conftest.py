"""A PostgreSQL server, and where an audit store may be, as the tests of the store have them."""

from tests.audit.conftest import database, location, server  # noqa: F401 # fixtures
