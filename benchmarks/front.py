"""The tables and numbers of the README."""

from benchmarks.markdown import BEFORE, WORLDS, Results, Row, number, share, size, table


def readme(found: Results) -> str:
    """Return the table of the README: the authors' code beside ours."""
    rows = {row["method"]: row for row in found.rows("quality", world="lcer", rule=BEFORE)}
    names = {"lcer": "`lcer` (here)", "greedy": "`greedy`", "auto, no proof": "`auto`, no proof", "auto": "`auto`"}
    lines = [["LCER, the public code", "1.000", "0.440", "-", "0", "4.41", "1,600"]]
    for key, name in names.items():
        row = rows[key]
        shares = [share(row[column]) for column in ("coverage", "pn", "minimal", "proven")]
        lines.append([name, *shares, size(row["mean_size"]), number(row["ms"])])
    head = ["", "found", "true when re-ranked", "minimal", "proven minimum or impossible", "mean size", "ms a query"]
    return f"\n{table(head, lines).strip()}\n"


def contributions(found: Results) -> str:
    """Return how many targets leave without the top contributions of a library, and without as many items of topple's sets."""
    rows, lines = found.rows("contributions"), []
    for row in rows:
        of_several = row["contributions"] - row["single_contributions"]
        lines.append(
            [
                f"{row['model'].rpartition(', ')[2]}, {row['seed']}",
                *(share(row["ndcg_100"]), f"{row['targets']:,}", f"{row['found']:,}"),
                *(size(row["mean_size"]), f"{row['topple']:,}", f"{row['contributions']:,}"),
                f"{row['single_contributions']} of {row['single']}",
                f"{of_several} of {row['found'] - row['single']}",
                f"{row['same_set']:,}",
            ]
        )
    head = ["ALS, seed", "NDCG@100", "targets", "sets found", "mean n", "gone without the set of n"]
    head += ["gone without the n top contributions", "of these, n = 1", "n > 1", "both sets the same"]
    settings = {
        f"{row['model']}: {row['factors']} factors, alpha {row['alpha']:g}, regularization {row['regularization']:g}"
        for row in rows
    }
    about = f"{WORLDS.get(rows[0]['world'], rows[0]['world'])}, top-{rows[0]['k']} of the test users. {'; '.join(sorted(settings))}. "
    return table(head, lines) + about + found.source(rows) + "\n"


def contributions_short(found: Results) -> str:
    """Return the sums over all seeds, of the tuned model and of the defaults, as part of a sentence."""
    models: dict[str, list[Row]] = {}
    for row in found.rows("contributions"):
        models.setdefault(row["model"], []).append(row)
    (of_defaults, _, _), (theirs, ours, asked) = (
        [sum(row[name] for row in rows) for name in ("contributions", "topple", "found")] for rows in models.values()
    )
    return (
        f"{theirs:,} of {asked:,} targets ({of_defaults:,} with its default settings), topple's {ours:,} of {asked:,}"
    )
