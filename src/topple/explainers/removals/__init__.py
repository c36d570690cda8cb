"""Smallest removals for additive models, in compiled functions: what competitors lack, and a search that proves."""
