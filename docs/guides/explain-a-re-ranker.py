"""Explain the list that is shown, after the rules of a shop: stock, a bonus for new items, at most two items of a brand.

A rule is part of the explained model where scores can tell it: the order of the scores is then the order of the list, for any
history. The data is drawn, so that nothing is downloaded.
"""

import numpy as np

import topple

random = np.random.default_rng(0)
BRANDS = np.array(["Alder", "Birch", "Cedar", "Elm", "Fir"])[np.arange(50) % 5]
items = [f"{brand} {'lamp' if number % 2 else 'desk'} {number}" for number, brand in enumerate(BRANDS, 1)]
taste = random.dirichlet(np.full(5, 0.5), size=400)[:, np.arange(50) % 5] + 0.05
bought = np.stack([np.isin(np.arange(50), random.choice(50, 7, replace=False, p=row / row.sum())) for row in taste])
together = bought.T.astype(float) @ bought
np.fill_diagonal(together, 0)
weights = together / bought.sum(0)
in_stock, bonus = random.random(50) < 0.8, 0.3 * (random.random(50) < 0.2)


def re_ranked(rows, contexts) -> np.ndarray:
    """Return scores [N, items] in the order of the list: the third of a brand and further ones come after all others.

    The context is all that a user bought. It is not listed and counts for no brand, also while some of it is taken out.
    """
    scores = rows @ weights + bonus
    for row, had in enumerate(contexts):
        may_be_listed = in_stock & ~np.isin(items, had)
        best = np.argsort(-np.where(may_be_listed, scores[row], -np.inf), kind="stable")
        for brand in np.unique(BRANDS):
            scores[row, best[BRANDS[best] == brand][2:]] -= 100
    return scores


def shop_list(history: list[str], had: list[str], k: int = 5) -> list[str]:
    """Return the list as the shop makes it: from the best item down, each that the rules allow."""
    scores, listed = np.isin(items, history) @ weights + bonus, []
    for item in np.argsort(-scores, kind="stable"):
        of_brand = [BRANDS[other] for other in listed].count(BRANDS[item])
        if in_stock[item] and items[item] not in had and of_brand < 2:
            listed.append(item)
    return [items[item] for item in listed[:k]]


histories = {user: [items[item] for item in np.flatnonzero(bought[user])] for user in range(100)}
model = topple.wrap(re_ranked, "callable", items, histories="csr", contexts=histories)
stock = [item for item, there in zip(items, in_stock, strict=True) if there]
shown = {user: shop_list(history, history) for user, history in histories.items()}
found = topple.agreement(model, shown, histories=histories, contexts=histories, candidates=stock)
print(f"{found.share:.0%} of the {len(shown)} lists that are explained are the shop's.")

few = {user: histories[user] for user in range(2)}
for explanation in topple.explain(model, few, k=5, contexts=histories, candidates=stock, progress=False)[::2]:
    print(topple.sentence(explanation, model.catalogue, because="bought"))
    history = explanation.query.history
    rest = [item for item in history if item not in explanation.items]
    print(f"  The shop's list then: {', '.join(shop_list(rest, history))}.")

print(
    "Scores can tell: what is filtered (candidates=, exclude=), a bonus, at most so many of a brand, any order that follows from one "
    "user's history and what is told as a context. They cannot tell: chance (exploration), and what depends on the lists of others."
)
