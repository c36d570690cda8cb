"""Explain any model: here two lines of NumPy that know which films are seen together."""

import numpy as np

import topple

split = topple.load_split("generated")
together = (split.train.T @ split.train).toarray()
np.fill_diagonal(together, 0)
popular = together.sum(0) + 1

# N histories as a SciPy matrix [N, films] in, scores [N, films] out; edited histories come in, and the empty one.
model = topple.wrap(lambda rows: rows @ (together / popular), "callable", split.catalogue, histories="csr")
for explanation in topple.explain(model, split.histories(limit=2), k=3):
    print(topple.sentence(explanation, model.catalogue))
