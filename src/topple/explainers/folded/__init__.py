"""Searches over sets for factor models that fold histories in, in compiled functions."""
