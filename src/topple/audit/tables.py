"""The tables of an audit store, as the newest migration leaves them; numbers and texts alone, which every database has."""

import sqlalchemy as sa

METADATA = sa.MetaData()
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # of SQLite: the number of the row itself
VERSION_TABLE = "audit_version"
REVISION = "1"
"""The migration that these tables are the result of."""

LINKS = sa.Table(
    "audit_links",
    METADATA,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False, index=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("commitment", sa.Text, nullable=False),
    sa.Column("mac", sa.Text, nullable=False),
)
BODIES = sa.Table(
    "audit_bodies",
    METADATA,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("salt", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("pseudonym", sa.Text, index=True),
    sa.Column("scope", sa.Text),
    sa.Column("model", sa.Text),
)
MARKS = sa.Table(
    "audit_marks",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("store", sa.Text, nullable=False),
    sa.Column("number", NUMBER, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("mac", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
)
