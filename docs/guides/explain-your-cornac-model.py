"""Explain a model of Cornac: a variational autoencoder."""

from cornac.data import Dataset
from cornac.models import VAECF

import topple

split = topple.load_split("generated")
users, items = split.train.nonzero()
seen = zip(users, split.catalogue.vocabulary.decode(items), [1.0] * len(users), strict=True)
vae = VAECF(k=16, autoencoder_structure=[64], n_epochs=40, seed=0)
vae.fit(Dataset.from_uir(seen))

model = topple.wrap(vae, "cornac")
for explanation in topple.explain(model, split.histories(limit=2), k=3):
    print(topple.sentence(explanation, split.catalogue))
