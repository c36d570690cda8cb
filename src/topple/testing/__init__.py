"""Shipped contract kit."""
