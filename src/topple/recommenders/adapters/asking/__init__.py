"""Outside models that are asked: a copy of the model, many edited histories at a time, and what the answers must be."""
