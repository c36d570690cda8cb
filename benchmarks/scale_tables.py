"""The tables of `benchmarks.scale`."""

from typing import Any

from benchmarks.markdown import Results, number, table

CORES, PRICE = 500, 0.04
"""Of the cluster that is worked out: cores, and what an hour of one is taken to cost."""


def scale(found: Results) -> str:
    """Return the table of batches of every user."""
    rows = batches(found)
    head = [
        "batch",
        "what was run",
        "users",
        "explanations",
        "a second and core",
        "GiB a worker",
        "workers",
        "hours of all users",
        "load",
    ]
    return table(head, [_line(row) for row in rows]) + found.source(rows) + "\n"


def batches(found: Results) -> list[dict[str, Any]]:
    """Return the rows of batches."""
    return [row for row in found.rows("scale") if "a_second_and_core" in row]


def _line(row: dict[str, Any]) -> list[str]:
    """Return the cells of a batch."""
    hours = row.get("hours_of_all") or row["clock_s"] / 3600
    counts = [f"{row[name]:,}" for name in ("users", "rows")]
    rate, memory = f"{row['a_second_and_core']:,.0f}", f"{row['peak_gib']:.2f}"
    return [row["what"], row["part"], *counts, rate, memory, f"{row['workers']}", f"{hours:.2f}", f"{row['load']:.1f}"]


def hundred_million(found: Results) -> str:
    """Return what a hundred million users would take, at the rate of each batch that was measured."""
    lines = []
    for row in batches(found):
        explanations = 100_000_000 * row["rows"] / row["users"]
        hours = explanations / row["a_second_and_core"] / 3600
        lines.append(
            [
                row["what"],
                f"{explanations:,.0f}",
                f"{hours:,.0f}",
                f"{hours / CORES:,.1f} hours",
                f"{hours * PRICE:,.0f}",
            ]
        )
    return table(
        [
            "users, model and list as in",
            "explanations",
            "core hours",
            f"on {CORES} cores",
            f"at {PRICE} an hour of a core",
        ],
        lines,
    )


def ratios(found: Results) -> str:
    """Return the table of what is compared in turn."""
    rows = [row for row in found.rows("scale") if "ratio" in row]
    lines = [
        [row["what"], row["part"], number(row["ratio"]), ", ".join(map(number, row["ratios"])), f"{row['load']:.1f}"]
        for row in rows
    ]
    return table(["what", "of", "median ratio", "each turn", "load"], lines) + found.source(rows) + "\n"
