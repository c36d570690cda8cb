"""Walks through sets of one size, and bounds of several competitors together; compiled."""
