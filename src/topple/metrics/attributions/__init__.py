"""How good attributions are: one file per metric."""
