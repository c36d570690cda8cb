"""Migrations of the audit store, run by Alembic; they are in the wheel."""
