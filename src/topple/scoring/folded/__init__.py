"""Scores that are products of the items' factors with a user who is solved for, changed by updates of the solution."""
