"""What tables of README and docs are made with: names, numbers, and the rows that were measured."""

from collections.abc import Iterable, Sequence
from typing import Any

Row = dict[str, Any]
BEFORE, AFTER = "unseen_before", "unseen_after"
MODELS = {
    "mult-vae": "Mult-VAE",
    "mult-dae": "Mult-DAE",
    "ease": "EASE",
    "item-knn": "item-kNN",
    "als": "ALS",
    "popularity": "popularity",
    "bpr": "BPR",
    "lightgcn": "LightGCN",
    "neumf": "NeuMF",
    "sasrec": "SASRec",
}
WORLDS = {
    "lcer": "MovieLens 100K, LCER's weights",
    "ml-100k": "MovieLens 100K",
    "ml-1m": "MovieLens 1M",
    "epinions": "Epinions",
    "made-up": "made up",
}
METHODS = {
    "lcer, paper-style loop": "LCER, paper-style loop",
    "auto, no proof": "`auto`, no proof",
    "auto, 50 ms": "`auto`, 50 ms",
    "auto, both": "`auto`, goal `both`",
    "auto, sufficient": "`auto`, goal `sufficient`",
    "request, no proof": "a request of five, no proof",
    "recommend": "a recommended list",
}
STEPS = ("lists", "ranks", "search", "proof", "judge", "records")


class Results:
    """What a file of measurements holds."""

    def __init__(self, whole: dict[str, Any]) -> None:
        self.runs, self.sections = whole["runs"], whole["sections"]

    def rows(self, section: str, **wanted: Any) -> list[Row]:
        """Return the rows of a section with these values.

        Raises:
            KeyError: there are none.
        """
        found = [
            row for row in self.sections.get(section, []) if all(row.get(key) == value for key, value in wanted.items())
        ]
        if not found:
            raise KeyError(f"{section} {wanted}")
        return found

    def source(self, rows: Iterable[Row]) -> str:
        """Return a sentence on when and by what command rows were measured."""
        runs = [self.runs[name] for name in dict.fromkeys(row["run"] for row in rows)]
        told = [f"{run['date']}, version {run['commit']}, `{run['command']}`" for run in runs]
        return "Measured: " + "; ".join(told) + "."


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table, with empty lines around."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n\n"


def share(value: float | None) -> str:
    """Return a share."""
    return "-" if value is None else "0" if value == 0 else f"{value:.3f}"


def size(value: float | None) -> str:
    """Return a mean size."""
    return "-" if value is None else f"{value:.2f}"


def number(value: float) -> str:
    """Return a measured number with about three digits."""
    return (
        f"{value:,.0f}"
        if value >= 100
        else f"{value:.1f}"
        if value >= 10
        else f"{value:.2f}"
        if value >= 1
        else f"{value:.3f}"
    )


def rule(row: Row) -> str:
    """Return the short name of a rule."""
    return {BEFORE: "before", AFTER: "after"}[row["rule"]]


def method(row: Row) -> str:
    """Return how a table calls a method."""
    return METHODS.get(row["method"], f"`{row['method']}`")


def by_model(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """Return the rows of each data set and model, by their names."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((WORLDS.get(row["world"], row["world"]), MODELS[row["recommender"]]), []).append(row)
    return found


def time_of(row: Row) -> str:
    """Return milliseconds, the ratio to the version before, and the aim."""
    aim = f", aim {row['aim']:g}" if row.get("aim") else ""
    ratio = f" ({row['ratio']:.2f})" if "ratio" in row else ""
    return f"{number(row['ms'][0])}{ratio}{aim}"


def ratio_of(row: Row) -> list[str]:
    """Return the ratio to the version before, the least and the most of the pairs."""
    return [f"{row[name]:.2f}" if name in row else "" for name in ("ratio", "least", "most")]


def beside_each(values: Sequence[str]) -> str:
    """Return a value, and that of the version before in brackets."""
    return values[0] if len(values) == 1 else f"{values[0]} ({values[1]})"
