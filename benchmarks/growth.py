"""How the cost of an explanation grows with the history, with k and with the catalogue: one core, time of the processor.

    python -m benchmarks.growth                         neighbours in made-up catalogues of 1,410, 17,660 and 139,738 items
    python -m benchmarks.growth --models FOLDER ...     a Mult-VAE among these models too: histories of test users by length, and k

In the made-up catalogues a history touches the same items, whatever the size: 1,410 items are met and are neighbours of one another,
with the same similarities everywhere, and stand here and there in the catalogue; the answers are the same, which is checked. A time
is the median of batches, verification included; `python -m benchmarks.figures --write` draws them as docs/growth.png.
"""

import argparse
import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import topple
from benchmarks import results
from benchmarks.markdown import number
from benchmarks.methods import METHODS
from benchmarks.speed import model_folders
from benchmarks.timing import one_core, repeated, timed
from benchmarks.toys import histories_of, neighbours
from topple.randomness import generator
from topple.types import ItemId, UserId

ASKED = ("auto, no proof", "auto")
CATALOGUES = (1410, 17_660, 139_738)
"""Sizes of the made-up catalogues: as many items as MovieLens 100K, and Epinions filtered and whole, have here."""
LENGTHS, KS, LENGTH, K, USERS = (5, 10, 20, 40, 80, 160), (1, 5, 10, 20, 50), 30, 5, 40
BINS = (1, 10, 20, 40, 80, 160, 1 << 30)
"""Bins of the lengths of real histories: from each to below the next."""
FEWEST = 3
"""Users of a bin that is shown."""
ENOUGH = 3.0
"""Seconds of a point after which it is not timed again, and about those of a batch."""
Histories = Mapping[UserId, Sequence[ItemId]]


def neighbour_rows(sizes: Sequence[int] = CATALOGUES, users: int = USERS) -> list[dict[str, Any]]:
    """Return the rows of neighbours: of every catalogue, and of every length and k in the middle one.

    Raises:
        RuntimeError: catalogues have other answers, so that their times are not of the same work.
    """
    rows, answers = [], {}
    for size in sizes:
        model, met = neighbours(size)
        asked = histories_of(met, LENGTH, users)
        for method in ASKED:
            row, found = point("catalogue", size, model, asked, K, method)
            rows.append(row)
            index_of = {item: index for index, item in enumerate(met.tolist())}
            ends = [(e.status, e.proof, {index_of[item] for item in e.items}) for e in found]
            if answers.setdefault(method, ends) != ends:
                raise RuntimeError(
                    f"{method}: other answers in a catalogue of {size:,} items. The times do not compare."
                )
        if size == sizes[len(sizes) // 2]:
            rows += [
                point("history", length, model, histories_of(met, length, users), K, method)[0]
                for length in LENGTHS
                for method in ASKED
            ]
            rows += [point("k", k, model, asked, k, method)[0] for k in KS for method in ASKED]
    return [{"world": "made-up", **row} for row in rows]


def network_rows(world: str, model: topple.Recommender, histories: Histories, users: int = 12) -> list[dict[str, Any]]:
    """Return the rows of a model on real histories: of every bin of lengths, and of every k."""
    rows = []
    for low, high in pairwise(BINS):
        few = sample({user: history for user, history in histories.items() if low <= len(history) < high}, users)
        if len(few) >= FEWEST:
            middle = statistics.median(len(history) for history in few.values())
            rows += [point("history", middle, model, few, K, method)[0] for method in ASKED]
    few = sample(histories, users)
    rows += [point("k", k, model, few, k, method)[0] for k in KS for method in ASKED]
    return [{"world": world, **row} for row in rows]


def point(
    part: str, at: float, model: topple.Recommender, histories: Histories, k: int, method: str
) -> tuple[dict[str, Any], list[topple.Explanation]]:
    """Explain the top-k of users in one call and return the milliseconds a query, and the answers."""
    asked: dict[str, Any] = {"settings": METHODS[method].settings, "progress": False}
    first = topple.top_k_queries(model, dict(list(histories.items())[:3]), k=k)
    topple.explain_queries(model, first, **asked)  # warm-up
    each = timed(lambda: topple.explain_queries(model, first, **asked)).seconds / 3
    chosen = dict(list(histories.items())[: max(3, int(ENOUGH / each))])
    queries = topple.top_k_queries(model, chosen, k=k)
    run = repeated(lambda: topple.explain_queries(model, queries, **asked), enough=ENOUGH)
    sizes = [len(answer.items) for answer in run.result if answer.valid]
    row = {
        "part": part,
        "at": at,
        "method": method,
        "recommender": model.name,
        "items": len(model.catalogue),
        "queries": len(queries),
        "ms": 1000 * run.seconds / len(queries),
        "mean_size": statistics.fmean(sizes) if sizes else None,
    }
    print(f"{model.name}, {part} {at:,.0f}, {method}: {row['ms']:.3f} ms a query", flush=True)
    return row, run.result


def sample(histories: Histories, users: int) -> dict[UserId, Sequence[ItemId]]:
    """Return the histories of so many users, drawn by a fixed seed, in their order; all for 0."""
    names = list(histories)
    if not users or users >= len(names):
        return dict(histories)
    chosen = sorted(generator(0, "growth").permutation(len(names))[:users].tolist())
    return {names[number]: histories[names[number]] for number in chosen}


def draw(found: Sequence[Mapping[str, Any]], path: Path, of: str = "") -> None:
    """Draw the milliseconds of `auto` without proof against history, k and catalogue, a row a model, from zero; the file says `of` what."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    named = {"history": "items in the history", "k": "k, length of the list", "catalogue": "items in the catalogue"}
    models = list(dict.fromkeys((row["world"], row["recommender"]) for row in found))
    figure, panels = plt.subplots(len(models), 3, figsize=(9.6, 2.6 * len(models)), sharey="row", squeeze=False)
    for (world, model), line in zip(models, panels, strict=True):
        for panel, part in zip(line, named, strict=True):
            rows = [
                r
                for r in found
                if (r["world"], r["recommender"], r["part"], r["method"]) == (world, model, part, ASKED[0])
            ]
            if not rows:
                panel.set_axis_off()
                panel.text(0.1, 0.5, "a network scores\nthe whole catalogue", transform=panel.transAxes, fontsize=9)
                continue
            rows.sort(key=lambda row: row["at"])
            ticks, values = [row["at"] for row in rows], [row["ms"] for row in rows]
            panel.plot(range(len(ticks)), values, color="#222222", marker="o", markersize=5, linewidth=1.6)
            for place, value in enumerate(values):
                told = panel.annotate(number(value), (place, value), (0, 7), textcoords="offset points", ha="center")
                told.set(fontsize=8, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
            panel.set_xticks(range(len(ticks)), [f"{tick:,.0f}" for tick in ticks])
            panel.set(xlabel=named[part], ylim=(0, None), xlim=(-0.4, len(ticks) - 0.6))
            panel.grid(axis="y", alpha=0.3)
            panel.spines[["top", "right"]].set_visible(False)
        title = {
            "item-knn": "item-kNN, neighbours made up; auto without proof, batches",
            "mult-vae": "Mult-VAE, MovieLens 100K; auto without proof, batches",
        }.get(model, model)
        line[0].set_title(title, loc="left", fontsize=10)
        line[0].set_ylabel("ms a query")
        high = max(
            row["ms"] for row in found if (row["world"], row["recommender"], row["method"]) == (world, model, ASKED[0])
        )
        line[0].set_ylim(0, 1.2 * high)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150, metadata={"Software": None, "Description": of})
    plt.close(figure)


def measure(models: Sequence[Path] = ()) -> None:
    """Measure neighbours, and the first Mult-VAE under the folders, and keep the rows."""
    rows = neighbour_rows()
    for world, folder in model_folders(models) if models else []:
        model = topple.load_model(folder)
        split = topple.load_model_split(folder) if model.name == "mult-vae" else None
        if split is not None:
            rows += network_rows(world, model, split.histories())
            break
    results.keep({"growth": rows})


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--models", type=Path, nargs="+", default=[], help="model folders with their data, or folders of them"
    )
    options = parser.parse_args()
    one_core()
    measure(options.models)


if __name__ == "__main__":
    main()
