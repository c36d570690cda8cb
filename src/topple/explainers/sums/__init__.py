"""Searches over sets for recommenders whose scores are sums, in compiled functions."""
