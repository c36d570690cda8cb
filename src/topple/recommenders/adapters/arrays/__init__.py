"""Outside models that are numbers: read once, scored here, stored as arrays; the library is needed no more."""
