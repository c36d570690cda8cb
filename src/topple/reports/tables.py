"""Tables for a terminal, and the same numbers as one JSON object."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from topple import registry
from topple.data.vocabulary import Catalogue
from topple.metrics import Evaluation, Proofs, Retrained, claimed_by
from topple.records.answer import Explanation, Proof, Status
from topple.records.question import Goal
from topple.types import JsonObject

READ_SO = (
    "items of history: how many the set names, of how many; at least: fewer (or with costs, less) cannot do it; new rank: of the "
    "recommendation without the set (with goal sufficient: with it alone), re-ranked among all items; 2=: a rank that items share. "
    "Removed means: the history is "
    "edited and the model scores it as it is; what a model trained anew would say: topple evaluate --retrain."
)
"""The line that explains the table of explanations."""
ARROWS = {"higher": "↑", "lower": "↓"}


def evaluation_table(evaluation: Evaluation, title: str) -> Table:
    """Return the metrics, a column a candidate rule, each with its denominator and its direction."""
    table = Table(title=Text(title), caption="\n".join(evaluation_sentences(evaluation)))
    table.add_column("metric")
    for rule in evaluation.measurements:
        table.add_column(rule.value, justify="right")
    table.add_column("of", style="dim")
    for row in evaluation_rows(evaluation):
        table.add_row(*row)
    return table


def evaluation_rows(evaluation: Evaluation) -> list[list[str]]:
    """Return a row a metric: the title with the better direction, a value for each candidate rule, and the denominator."""
    rows = []
    for name in _measured(evaluation):
        measured = [found[name] for found in evaluation.measurements.values()]
        label = f"{registry.load('metrics', name).title} {ARROWS[measured[0].direction]}"
        counts = dict.fromkeys(f"{m.denominator:,}" for m in measured)
        rows.append([label, *(_number(m.value) for m in measured), f"{' / '.join(counts)} {measured[0].of}"])
    return rows


def _measured(evaluation: Evaluation) -> list[str]:
    """Return the names of the metrics that were measured, in the order of the registry."""
    measured = next(iter(evaluation.measurements.values()), {})
    return [name for name in registry.names("metrics") if name in measured]


def evaluation_json(evaluation: Evaluation) -> JsonObject:
    """Return the metrics as JSON: a number where the rule does not matter, else a number a rule; NaN where 0 / 0."""
    found: JsonObject = {
        "queries": evaluation.queries,
        "invalid": evaluation.invalid,
        "seconds_per_query": evaluation.seconds_per_query,
    }
    for name in _measured(evaluation):
        values = {rule.value: found[name].value for rule, found in evaluation.measurements.items()}
        found[name] = next(iter(values.values())) if name in ("coverage", "mean_size") else values
    found["proofs"] = asdict(evaluation.proofs)
    if evaluation.retrained is not None:
        judged = evaluation.retrained
        found["retrained"] = {**asdict(judged), "seconds_for_all": judged.seconds_for_all}
    return found


def retrained_table(judged: Retrained) -> Table:
    """Return what retraining says of a sample, and what it would cost for all."""
    return facts_table(
        f"{judged.sampled:,} of {judged.true:,} true sets, judged by retraining too",
        {
            "still topple after retraining": f"{judged.still_topple:,} of {judged.sampled:,}",
            "same rank as by inference": f"{judged.same_rank:,} of {judged.sampled:,}",
            "same rank if nothing is removed and the model fitted again": f"{judged.steady:,} of {judged.sampled:,}",
            "seconds a fit": f"{judged.seconds_a_fit:.3g}",
            f"all {judged.true:,} sets, estimated": f"{judged.seconds_for_all:,.3g} s",
        },
    )


def explanations_table(explanations: Sequence[Explanation], catalogue: Catalogue) -> Table:
    """Return one short row an explanation: what was recommended, how many items were named, and what was checked."""
    table = Table(title=f"{len(explanations)} explanations", caption=READ_SO, caption_justify="left")
    for column in ("user", "rank", "recommended", "items of history", "at least", "new rank", "checked"):
        right = column in ("rank", "items of history", "at least", "new rank")
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for e in explanations:
        size = f"{len(e.items)} of {len(e.query.history)}" if e.items else "-"
        user = "" if e.query.user is None else str(e.query.user)
        title = catalogue.title(e.query.target)
        alone = e.items and e.query.goal is Goal.SUFFICIENT
        tied_before, tied_after = (e.verdict.tied_before, e.verdict.tied_after) if e.verdict is not None else (0, 0)
        then = rank_cell(e.rank_alone) if alone else rank_cell(e.rank_after, tied_after)
        cells = (size, _least(e.at_least), then, Text(_checked(e)))
        table.add_row(Text(user), rank_cell(e.rank_before, tied_before), Text(title), *cells)
    return table


def rank_cell(rank: int | None, tied: int = 0) -> str:
    """Return a rank as tables show it: `1=` where other items have it too; nothing for none.

    Example:
        >>> rank_cell(2), rank_cell(1, tied=4), rank_cell(None)
        ('2', '1=', '')
    """
    return "" if rank is None else f"{rank}=" if tied else str(rank)


def facts_table(title: str, facts: Mapping[str, object]) -> Table:
    """Return names and values, two columns."""
    table = Table(title=Text(title), show_header=False)
    for name, value in facts.items():
        table.add_row(Text(name.replace("_", " ")), Text(_fact(value)))
    return table


def _checked(explanation: Explanation) -> str:
    claimant = claimed_by(explanation.proof_by)
    proven = explanation.proof is Proof.MINIMUM or explanation.status is Status.IMPOSSIBLE
    claimed = f", claimed by {claimant}" if claimant and proven else ""
    if explanation.valid:
        return f"true, {explanation.proof}{claimed}"
    ended = "refuted" if explanation.status is Status.FOUND else explanation.status.value.replace("_", " ")
    return f"{ended}{claimed}"


def _least(bound: float | None) -> str:
    """Return what a set costs at least; nothing where that is not known."""
    return "" if bound is None else "no set" if math.isinf(bound) else f"{bound:g}"


def evaluation_sentences(evaluation: Evaluation) -> list[str]:
    """Say how many queries there are, what time they took, and how many answers are proven."""
    invalid = f", {evaluation.invalid} that could not be asked" if evaluation.invalid else ""
    spent = f"{evaluation.queries:,} queries{invalid}; {evaluation.seconds_per_query * 1000:.1f} ms a query"
    slash = ["of a / b: under the first rule / the second"] if _denominators_differ(evaluation) else []
    curves = (
        ["curves of attributions are those of the rule that each query asks for"] if _has_curves(evaluation) else []
    )
    return [spent, *_proven(evaluation.proofs), *slash, *curves]


def _denominators_differ(evaluation: Evaluation) -> bool:
    """Return whether a metric counts other queries under one rule than under another."""
    return any(
        len({found[name].denominator for found in evaluation.measurements.values()}) > 1
        for name in _measured(evaluation)
    )


def _has_curves(evaluation: Evaluation) -> bool:
    """Return whether a metric that was measured reads curves, which are of one rule."""
    return any(registry.load("metrics", name).reads_curves for name in _measured(evaluation))


def _proven(proofs: Proofs) -> list[str]:
    """Say how many answers are proven; what methods of other packages claim stands apart."""
    counts = f"proven: {proofs.minimum:,} sets minimum, {proofs.impossible:,} queries impossible"
    claims = (f"claimed by {name}: {count:,} answers proven" for name, count in sorted(proofs.claimed.items()))
    return [counts, *claims] if proofs.queries else []


def _fact(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_fact(inner)} {name.replace('_', ' ')}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return " / ".join(_fact(inner) for inner in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
