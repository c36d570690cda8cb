"""Explain a model of RecBole: MultiVAE, trained on a file in RecBole's format."""

from pathlib import Path

from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.general_recommender import MultiVAE
from recbole.trainer import Trainer

import topple

split = topple.load_split("generated")
seen = [f"{user}\t{split.catalogue.vocabulary.ids[film]}\n" for user, film in zip(*split.train.nonzero(), strict=True)]
Path("films").mkdir()
Path("films/films.inter").write_text("user_id:token\titem_id:token\n" + "".join(seen))
config = Config("MultiVAE", "films", config_dict={"data_path": ".", "epochs": 20, "train_neg_sample_args": None})
train = data_preparation(config, dataset := create_dataset(config))[0]
Trainer(config, vae := MultiVAE(config, train.dataset)).fit(train, saved=False)
for explanation in topple.explain(topple.wrap(vae, "recbole", dataset), split.histories(limit=2), k=3):
    print(topple.sentence(explanation, split.catalogue))
