"""Explain a torch module: history vectors in, scores out."""

import torch

import topple

split = topple.load_split("generated")
rows = torch.from_numpy(split.train.toarray())
module = torch.nn.Sequential(torch.nn.Linear(rows.shape[1], 32), torch.nn.Tanh(), torch.nn.Linear(32, rows.shape[1]))
optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
for _ in range(40):
    optimizer.zero_grad()
    loss = -(torch.log_softmax(module(torch.dropout(rows, 0.5, train=True)), 1) * rows).sum(1).mean()
    loss.backward()
    optimizer.step()

model = topple.wrap(module, "torch", split.catalogue)
for explanation in topple.explain(model, split.histories(limit=2), k=3):
    print(topple.sentence(explanation, model.catalogue))
