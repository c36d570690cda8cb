"""Explainers that learn: fitted to a recommender, saved, and read again."""
