"""Short sessions over a large catalogue: `python -m benchmarks.sessions [--sessions 3000] [--items 15000]`.

Sessions of one to six items, made with a taste each, item-based neighbours on others of their kind, and the top-5 of each session
explained. With few items most of a catalogue scores nothing at all, so that ties are many: every target that something of the
session speaks for is to be found, or to have a true reason, and those that are listed without evidence are to be said to be so.
What is printed is checked against the similarities themselves, session by session.
"""

import argparse
import sys
import time
from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_matrix

import topple
from tests.oracle.asking import Tally
from tests.oracle.judge import judge, question
from tests.oracle.rule import History, Precision
from topple import Explanation
from topple.types import UserHistories

K = 5


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=3000)
    parser.add_argument("--items", type=int, default=15_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    model, histories = world(chosen.items, chosen.sessions, chosen.seed)
    started = time.perf_counter()
    explained = topple.explain(model, histories, k=K, progress=False)
    seconds = time.perf_counter() - started
    return report(judged(explained, table_of(model), model), seconds)


def world(items: int, sessions: int, seed: int, train: int = 30_000) -> tuple[topple.Recommender, UserHistories]:
    """Return neighbours of items that were met together in training sessions, and the sessions to explain."""
    met, asked = generated(np.random.default_rng(seed), items, sessions, train)
    interactions = topple.from_csr(met, items=[f"i{item:06d}" for item in range(items)])
    split = topple.prepare(interactions, topple.Preparation(min_items=2, held_out_users=2, positive_above=None))
    known = split.catalogue.vocabulary
    named = [[name for item in session if (name := f"i{item:06d}") in known] for session in asked]
    model = topple.fit(split, "item-knn", progress=False)
    return model, {number: session for number, session in enumerate(named) if session}


def generated(
    random: np.random.Generator, items: int, sessions: int, training: int
) -> tuple[csr_matrix, list[list[int]]]:
    """Return training sessions as a matrix, and sessions to explain; a session stays with one of many tastes."""
    tastes = max(1, items // 60)
    order = random.permutation(items)
    popular = 1 / (1 + np.arange(items // tastes)) ** 0.8
    popular /= popular.sum()

    def draw(count: int, least: int, most: int) -> list[list[int]]:
        out = []
        for _ in range(count):
            taste, length = random.integers(tastes), random.integers(least, most + 1)
            near = order[taste * (items // tastes) + random.choice(len(popular), length, p=popular)]
            far = order[random.integers(items, size=length)]
            out.append(list(dict.fromkeys(np.where(random.random(length) < 0.9, near, far).tolist())))
        return out

    train = draw(training, 2, 8)
    rows = np.repeat(np.arange(len(train)), [len(session) for session in train])
    columns = np.concatenate([np.array(session) for session in train])
    matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(train), items))
    return matrix, draw(sessions, 1, 6)


def table_of(model: topple.Recommender) -> csr_matrix:
    """Return the similarities [I, I]: row the item of the session, column the item that is scored."""
    parts = {name: array.numpy() for name, array in model.arrays().items()}
    items = len(parts["indptr"]) - 1
    return csr_matrix(
        (parts["similarities"].astype(np.float64), parts["indices"], parts["indptr"]), shape=(items, items)
    )


def judged(explained: Iterable[Explanation], table: csr_matrix, model: topple.Recommender) -> Tally:
    """Hold the explanations against brute force.

    Items that no item of a session is similar to score nothing whatever is kept, so a few of them stand for all.
    """
    precision = Precision(model.rounding, model.scale)
    number_of = {item: number for number, item in enumerate(model.catalogue.vocabulary.ids)}
    tally, kept = Tally(), {}
    for explanation in explained:
        query = explanation.query
        if query.user not in kept:
            items = [number_of[item] for item in query.history]
            touched = np.unique(np.concatenate([table[items].indices, items]))
            spare = np.setdiff1d(np.arange(len(number_of)), touched)[: K + 1]
            listed = [number_of[each.item] for each in topple.recommend(model, query.history, k=K)]
            chosen = np.unique(np.concatenate([touched, spare, listed]))
            gives = table[items][:, chosen].toarray()
            names = [model.catalogue.vocabulary.ids[number] for number in chosen]
            places = [names.index(item) for item in query.history]
            kept = {query.user: (History(lambda _, weights, gives=gives: weights @ gives, places), names)}
        history, names = kept[query.user]
        found = judge(explanation, question(query, history, precision, names))
        tally.counts.update(found.counts)
        tally.counts["targets"] += 1
        false = [each for each in found.false if not each[0].startswith("rank")]  # the items left out count in ranks
        tally.false.extend((kind, what, "", query, explanation) for kind, what in false)
    return tally


def report(tally: Tally, seconds: float) -> int:
    """Print what came of it; return 1 where a claim is false."""
    counts = tally.counts
    asked = counts["targets"] - counts["invalid"]
    found, whole = counts["found"], counts["whole history"]
    print(f"targets                    {counts['targets']:,} in {seconds:.0f} s")
    print(
        f"listed without evidence    {counts['without evidence']:,}, all of them said to be so unless a false claim follows"
    )
    print(f"with evidence              {asked:,}")
    print(f"found                      {found:,} ({found / asked:.4f})")
    print(f"  the whole history        {whole:,} (share_whole_history {whole / asked:.4f})")
    print(f"  other sets               {found - whole:,} (coverage {(found - whole) / asked:.4f})")
    print(f"proven minimum             {counts['minimum']:,}")
    print(f"proven impossible          {counts['impossible']:,}")
    print(f"not found, though it is    {counts['missed']:,} of {counts['not_found']:,} not found")
    print(f"undecided                  {counts['undecided']:,} (rounding decides)")
    print(f"false claims               {len(tally.false)} {tally.by_kind or ''}")
    for kind, what, _, query, explanation in tally.false[:5]:
        print(f"\n{kind}: {what}\n  {query}\n  {explanation}")
    return 1 if tally.false else 0


if __name__ == "__main__":
    sys.exit(main())
