"""Why an item is recommended: one file per method, over the scoring contract."""
