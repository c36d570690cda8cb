"""Explain a model that stores factors for each user: three ways to say what the list would be without an item.

Stored factors stay as they are when a history changes, so nothing can be removed from them. What is explained must be a model of
the history, and `topple.agreement` says how often that model gives the lists that were shown. Here: ALS in a few lines of NumPy.
"""

import numpy as np

import topple


def solved(rows: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return the factors [N, 8] of the rows [N, M] of users, given those of the films [M, 8]; or of films, given those of users."""
    pairs = (factors[:, :, None] * factors[:, None]).reshape(len(factors), -1)
    left = (pairs.sum(0) + 10 * (rows @ pairs)).reshape(-1, 8, 8) + 5 * np.eye(8)
    return np.linalg.solve(left, 11 * (rows @ factors)[..., None])[..., 0]


def trained(split: topple.Split, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors of users and films."""
    films = np.random.default_rng(seed).normal(size=(len(split.catalogue), 8))
    for _ in range(12):
        users = solved(split.train, films)
        films = solved(split.train.T, users)
    return users, films


def scores_by_user(split: topple.Split, seed: int = 0):
    """Train, and return a function of a user id: the scores by the stored factors."""
    users, films = trained(split, seed)
    return lambda user: films @ users[split.train_users.encode([user])[0]]


def lists(scores_of, histories) -> dict:
    """Return the five best films of each user that are not in the history."""
    shown = {}
    for user, history in histories.items():
        scores = scores_of(user)
        scores[split.catalogue.vocabulary.encode(history)] = -np.inf
        shown[user] = split.catalogue.vocabulary.decode(np.argsort(-scores)[:5])
    return shown


split = topple.load_split("generated")
users, films = trained(split)
histories = split.training_histories(split.train_users.ids[:200])
shown = lists(scores_by_user(split), histories)

# Fold-in: one matrix, the same for all users, turns the sum of a history's films into factors. It is fitted to the stored ones.
matrix = np.linalg.lstsq(split.train @ films, users, rcond=None)[0] @ films.T
fold_in = topple.wrap(lambda rows: rows @ films @ matrix, "callable", split.catalogue, histories="csr", additive=True)
# Re-solve: the last step of the training for one user, with the films' factors as they are.
re_solve = topple.wrap(lambda rows: solved(rows, films) @ films.T, "callable", split.catalogue, histories="csr")
for name, model in {"fold-in": fold_in, "re-solve": re_solve}.items():
    found = topple.agreement(model, shown, k=5, histories=histories)
    print(
        f"{name}: {found.share:.0%} of {len(shown)} lists are the shown ones; on average {5 * found.overlap:.1f} of the 5 films are."
    )
# Retraining: all factors of users and films anew. Another start of the training says how much of a list is chance.
again = lists(scores_by_user(split, seed=1), histories)
same = np.mean([again[user] == shown[user] for user in shown])
overlap = np.mean([len({*again[user]} & {*shown[user]}) for user in shown])
print(
    f"retraining with another start: {same:.0%} of {len(shown)} lists are the shown ones; on average {overlap:.1f} of the 5 films are."
)

few = dict(list(histories.items())[:3])
for name, model in {"fold-in": fold_in, "re-solve": re_solve}.items():
    explained = [each for each in topple.explain(model, few, k=2, progress=False) if each.items]
    queries, sets = [each.query for each in explained], [each.items for each in explained]
    anew = topple.Retraining(split, fit=scores_by_user, sample=None)
    late = topple.verify(scores_by_user(split), queries, sets, retraining=anew)
    print(
        f"{name}: {sum(each.necessary for each in late)} of {len(late)} sets topple after a retraining too; the first:"
    )
    print(topple.sentence(explained[0], model.catalogue))

print(
    "Take re-solve where a user's factors are solved for when the list is made: what is explained is then what is shown. Where lists "
    "are of stored factors, give them as shown=, and each answer says whether the list is the model's. Take fold-in where the lists are "
    "made so. Take retraining for a sample: it alone says what the model would be had the items never been seen, at a training a set."
)
