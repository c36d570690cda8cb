"""LCER as a paper's script would write it: one query at a time, parameters for the whole catalogue, two logits an item.

It is the yardstick of the benchmark, and the second implementation that topple's LCER is held against. Each query begins with a
fresh optimiser; `topple reproduce lcer --as-published` is the loop whose optimiser runs on.
"""

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from topple.explainers.lcer import LcerSettings
from topple.recommenders.families.autoencoder import Autoencoder
from topple.records.question import Query


@dataclass
class PaperLoop:
    """Run queries one by one; float32, dense history, full forward and backward pass each step."""

    recommender: Autoencoder
    settings: LcerSettings
    seed: int = 0

    def __post_init__(self) -> None:
        self.random = torch.Generator().manual_seed(self.seed)
        self.delta = torch.zeros(len(self.recommender.catalogue), 2, requires_grad=True)

    def run(self, queries: list[Query]) -> tuple[list[tuple[object, ...]], float]:
        """Return the removed items of each query (empty where not found) and the seconds it took in all."""
        started = time.process_time()
        return [self._query(query) for query in queries], time.process_time() - started

    def _query(self, query: Query) -> tuple[object, ...]:
        vocabulary = self.recommender.catalogue.vocabulary
        seen = torch.from_numpy(vocabulary.encode(list(query.history)))
        target = int(vocabulary.encode([query.target])[0])
        history = torch.zeros(len(vocabulary))
        history[seen] = 1
        with torch.no_grad():
            scores = self._forward(history)
            scores[seen] = -torch.inf
            margin = torch.topk(scores, query.k + 1).values[-1]
            self.delta.uniform_(generator=self.random)
        adam = torch.optim.Adam([self.delta], lr=self.settings.learning_rate)
        best, best_score, best_kept = torch.inf, torch.tensor(torch.inf), torch.ones(len(vocabulary))
        for _ in range(self.settings.steps):
            draws = torch.rand(self.delta.shape, generator=self.random).clamp(1e-20, 1 - 1e-7)
            soft = torch.softmax((self.delta - torch.log(-torch.log(draws))) / self.settings.temperature, dim=1)
            hard = torch.nn.functional.one_hot(soft.argmax(1), 2)
            kept = (hard - soft).detach() + soft
            score = self._forward(history * kept[:, 1])[target]
            removed = (history * kept[:, 0]).sum()
            loss = torch.relu(self.settings.alpha + score - margin) + self.settings.lam * removed
            if loss.item() < best:
                best, best_score, best_kept = loss.item(), score.detach(), hard[:, 1]
            adam.zero_grad()
            loss.backward()
            adam.step()
        if best_score > margin:
            return ()
        return tuple(item for item, index in zip(query.history, seen.tolist(), strict=True) if not best_kept[index])

    def _forward(self, history: Tensor) -> Tensor:
        hidden = history * torch.rsqrt((history**2).sum().clamp(min=1e-12))
        for layer in self.recommender.layers():
            hidden = hidden @ layer.weight + layer.bias
            hidden = torch.tanh(hidden) if layer.tanh else hidden
        return hidden
