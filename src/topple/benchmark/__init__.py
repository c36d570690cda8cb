"""Grids and resumable runs."""
