"""Explain an estimator of scikit-learn: it reconstructs histories from a few dimensions."""

from sklearn.decomposition import TruncatedSVD

import topple

split = topple.load_split("generated")
estimator = TruncatedSVD(n_components=12, random_state=0).fit(split.train)

model = topple.wrap(estimator, "sklearn", split.catalogue)
for explanation in topple.explain(model, split.histories(limit=2), k=3):
    print(topple.sentence(explanation, model.catalogue))
