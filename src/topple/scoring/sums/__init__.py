"""Scores that are sums over a history, changed by adding and subtracting rows of numbers."""
