"""Explain a model of implicit: ALS, which solves for the factors of any history."""

from implicit.als import AlternatingLeastSquares

import topple

split = topple.load_split("generated")
als = AlternatingLeastSquares(factors=16, alpha=10, random_state=0)
als.fit(split.train, show_progress=False)

model = topple.wrap(als, "implicit", split.catalogue)
for explanation in topple.explain(model, split.histories(limit=2), k=3):
    print(topple.sentence(explanation, model.catalogue))
