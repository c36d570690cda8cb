"""Explain a pipeline of LensKit: nearest neighbours among items."""

import pandas as pd
from lenskit.data import from_interactions_df
from lenskit.knn import ItemKNNScorer
from lenskit.pipeline import topn_pipeline

import topple

split = topple.load_split("generated")
users, items = split.train.nonzero()
seen = pd.DataFrame({"user_id": users, "item_id": split.catalogue.vocabulary.decode(items)})
pipeline = topn_pipeline(ItemKNNScorer(feedback="implicit"))
pipeline.train(from_interactions_df(seen))

model = topple.wrap(pipeline, "lenskit")
for explanation in topple.explain(model, split.histories(limit=2), k=3):
    print(topple.sentence(explanation, split.catalogue))
