"""Explain a two-tower model: one tower for the user (the history and what else is known), one for the items and their features.

What the model knows of a user besides the history is a context. It stays as it is while items are taken out of the history, and
two users with equal histories and other features are explained apart. The data is drawn, so that nothing is downloaded.
"""

import numpy as np
import torch
from torch import nn

import topple

GENRES = ["thriller", "comedy", "western", "musical"]
random = np.random.default_rng(0)
genre = np.arange(60) % 4
films = [f"{GENRES[genre[film]]} {1 + film // 4}" for film in range(60)]
taste = random.dirichlet(np.full(4, 0.4), size=500)  # of each user, for each genre
child = random.random(500) < 0.5  # children see the films with the higher numbers
chance = (0.02 + taste[:, genre]) * np.where((np.arange(60) >= 30) == child[:, None], 8.0, 1.0)
seen = np.stack([np.isin(np.arange(60), random.choice(60, 9, replace=False, p=row / row.sum())) for row in chance])
about_films = torch.eye(4)[genre]


class TwoTower(nn.Module):
    """Scores are the products of what both towers say."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("about_films", about_films)
        self.films, self.of_features = nn.Embedding(60, 16), nn.Linear(4, 16)
        self.users = nn.Sequential(nn.Linear(16 + 2, 32), nn.Tanh(), nn.Linear(32, 16))

    def forward(self, rows: torch.Tensor, contexts: torch.Tensor) -> torch.Tensor:
        """Return scores [N, films] of histories [N, films], with two numbers known of each user [N, 2]."""
        items = self.films.weight + self.of_features(self.about_films)
        pooled = rows @ items / rows.sum(1, keepdim=True).clamp(min=1)
        return self.users(torch.cat([pooled, contexts], 1)) @ items.T


torch.manual_seed(0)
module, rows = TwoTower(), torch.tensor(seen, dtype=torch.float32)
about_users = torch.tensor(np.stack([child, ~child], 1), dtype=torch.float32)
optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
for _ in range(150):
    optimizer.zero_grad()
    shown = rows * (torch.rand_like(rows) < 0.7)  # the hidden films of each history are to be found
    loss = -(torch.log_softmax(module(shown, about_users), 1) * (rows - shown)).sum(1).mean()
    loss.backward()
    optimizer.step()

features = {
    user: about_users[user].tolist() for user in range(500)
}  # JSON, so that answers can be stored and asked again
model = topple.wrap(module, "torch", films, contexts=features)
history = [films[film] for film in np.flatnonzero(seen[0])]
histories = {"a child": history, "an adult": history}
contexts = {"a child": [1.0, 0.0], "an adult": [0.0, 1.0]}

print(f"The same history: {', '.join(history)}.")
for explanation in topple.explain(model, histories, k=2, contexts=contexts, progress=False):
    print(f"As {explanation.query.user}: {topple.sentence(explanation, model.catalogue)}")
