"""Explain a model of RecTools: EASE."""

import pandas as pd
from rectools.dataset import Dataset
from rectools.models import EASEModel

import topple

split = topple.load_split("generated")
users, items = split.train.nonzero()
seen = pd.DataFrame({"user_id": users, "item_id": split.catalogue.vocabulary.decode(items), "weight": 1.0})
dataset = Dataset.construct(seen.assign(datetime=pd.Timestamp("2024-01-01")))
ease = EASEModel(regularization=100).fit(dataset)

model = topple.wrap(ease, "rectools", dataset)
for explanation in topple.explain(model, split.histories(limit=2), k=3):
    print(topple.sentence(explanation, split.catalogue))
