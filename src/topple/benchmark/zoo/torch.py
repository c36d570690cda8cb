"""A torch module that is written here."""

import time

import torch
from torch import Tensor, nn

from topple.api.wrapping import wrap
from topple.benchmark.zoo.base import Effort
from topple.data.splitting import Split
from topple.scoring.recommender import Recommender


def autoencoder(split: Split, effort: Effort) -> Recommender:
    """Train an autoencoder of one hidden layer to fill in histories."""
    with effort.draws():
        items, hidden = len(split.catalogue), min(200, len(split.catalogue))
        module = nn.Sequential(nn.Dropout(0.5), nn.Linear(items, hidden), nn.Tanh(), nn.Linear(hidden, items))
        _denoise(module, torch.from_numpy(split.train.toarray()), effort)
    return wrap(module, "torch", split.catalogue, name="torch:denoising autoencoder")


def _denoise(module: nn.Module, rows: Tensor, effort: Effort, epochs: int = 60, batch: int = 128) -> None:
    """Train a module to name the items of a history of which it sees half."""
    started, optimizer = time.perf_counter(), torch.optim.Adam(module.parameters(), weight_decay=1e-4)
    for _ in range(epochs):
        for chosen in torch.split(torch.randperm(len(rows)), batch):
            optimizer.zero_grad()
            loss = -(torch.log_softmax(module(rows[chosen]), 1) * rows[chosen]).sum(1).mean()
            torch.autograd.backward(loss)
            optimizer.step()
        if effort.spent(started):
            return
