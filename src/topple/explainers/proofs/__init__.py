"""Proofs that no smaller set exists, and what they need to search."""
