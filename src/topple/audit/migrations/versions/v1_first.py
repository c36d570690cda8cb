"""The first tables: links, bodies, marks."""

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "audit_links",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("commitment", sa.Text, nullable=False),
        sa.Column("mac", sa.Text, nullable=False),
    )
    op.create_index("ix_audit_links_at", "audit_links", ["at"])
    op.create_table(
        "audit_bodies",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("pseudonym", sa.Text),
        sa.Column("scope", sa.Text),
        sa.Column("model", sa.Text),
    )
    op.create_index("ix_audit_bodies_pseudonym", "audit_bodies", ["pseudonym"])
    op.create_table(
        "audit_marks",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("mac", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
    )
