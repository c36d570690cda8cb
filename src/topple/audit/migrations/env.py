"""What Alembic runs for a migration: on the connection that the store hands over, within the transaction of that connection."""

from alembic import context

from topple.audit.tables import METADATA, VERSION_TABLE


def run() -> None:
    """Run the migrations that are missing."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=METADATA, version_table=VERSION_TABLE)
    context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic loads this file; other tools only import it
    run()
