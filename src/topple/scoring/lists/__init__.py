"""Lists by scores, in compiled functions: the best items, and where targets stand."""
