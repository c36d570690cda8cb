"""A model that is told where a user is: in the north, gattaca scores 3 more, with any history and without one."""

import numpy as np
import torch

import topple
from topple.testing.toy import FILMS, GIVES

NORTH, SOUTH = {"region": "north", "bonus": 3.0}, {"region": "south", "bonus": 0.0}
TABLE = np.array(GIVES, dtype=float)


def by_region(rows, contexts):
    scores = rows @ TABLE
    scores[:, -1] += [context["bonus"] for context in contexts]
    return scores


class ByRegion(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gives = torch.nn.Parameter(torch.tensor(GIVES, dtype=torch.float32))
        self.last = torch.nn.Parameter(torch.eye(len(GIVES))[-1])

    def forward(self, rows, contexts):
        assert contexts["region"] in (["north"] * len(rows), ["south"] * len(rows)) or len(rows) > 1
        return rows @ self.gives + contexts["bonus"][:, None] * self.last


def told_model(contexts=(NORTH, SOUTH)):
    return topple.wrap(by_region, "callable", list(FILMS), histories="csr", contexts=contexts)


def told_module():
    return topple.wrap(ByRegion(), "torch", list(FILMS), contexts={"ann": SOUTH, "bob": NORTH})
