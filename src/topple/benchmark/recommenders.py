"""Every recommender on one data set: how well it predicts, and how well `auto` explains it."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from pydantic import Field

from topple import __version__, registry
from topple.api.asking import top_k_queries
from topple.api.evaluating import evaluate
from topple.api.explaining import explain_queries, make_explainer
from topple.api.fitting import fit
from topple.benchmark.zoo import ZOO, Effort
from topple.data.splitting import Split
from topple.errors import CapabilityError, RecommenderError, ToppleError, UnknownNameError
from topple.recommenders.training.quality import held_out_quality
from topple.records.answer import Proof, Status
from topple.records.question import CandidateRule
from topple.reports.progress import busy_bar
from topple.scoring.recommender import Recommender
from topple.settings import Settings
from topple.types import JsonObject

logger = logging.getLogger(__name__)

NATIVE = "native"


class RecommendersSettings(Settings):
    """What every row of the table is measured with."""

    users: int = Field(default=100, ge=1)
    """The first so many test users; their whole top-k is explained."""
    k: int = Field(default=5, ge=1)
    rule: CandidateRule = CandidateRule.UNSEEN_BEFORE
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Of the trainings and of the queries."""
    max_minutes: float | None = Field(default=2.0, gt=0)
    """Start no epoch after this time, of the models that can be told so."""
    seconds: float | None = Field(default=1.0, gt=0)
    """Most seconds of a query; None for no limit."""
    budget: int | None = Field(default=None, ge=0)
    """`auto`'s budget for proofs; None for the default."""


@dataclass(frozen=True)
class Row:
    """What was measured of one recommender; None where it was not, or where it is 0 / 0.

    Args:
        recommender: the name of the row.
        source: "native", or the library.
        model: what the recommender calls itself.
        ndcg_100: mean NDCG@100 over all test users.
        test_users: how many those are, who have both a history and held-out items.
        queries: how many could be asked; the denominator of coverage, validity and proven.
        invalid: how many could not.
        coverage: found / queries.
        validity: found and verified / queries.
        pn: verified / found: 1 unless an explainer claims what is not so.
        mean_size: of the found sets.
        proven: proven smallest or proven impossible / queries.
        statuses: how many queries ended how.
        ms_a_query: wall time of explaining, verification included; the first query is asked once before, which is not counted.
        fit_seconds: of training and wrapping.
        reason: why there are no figures.
    """

    recommender: str
    source: str
    model: str = ""
    ndcg_100: float | None = None
    test_users: int = 0
    queries: int = 0
    invalid: int = 0
    coverage: float | None = None
    validity: float | None = None
    pn: float | None = None
    mean_size: float | None = None
    proven: float | None = None
    statuses: dict[str, int] = field(default_factory=dict)
    ms_a_query: float | None = None
    fit_seconds: float | None = None
    reason: str = ""

    @property
    def measured(self) -> bool:
        """Whether there are figures."""
        return not self.reason

    @property
    def refuted(self) -> bool:
        """Whether a set was claimed that is not true."""
        return self.pn is not None and self.pn < 1

    def as_json(self) -> JsonObject:
        """Return the row as one object."""
        return asdict(self)

    @classmethod
    def of_json(cls, values: JsonObject) -> "Row":
        """Return the row of what `as_json` returned, whatever else stands there.

        Raises:
            KeyError: it is no row.
        """
        return cls(**{each.name: values[each.name] for each in fields(cls)})


def entrants(*, native: bool = True, adapters: bool = True, only: Sequence[str] = ()) -> list[str]:
    """Return the names of the rows: the native recommenders, then the models of each adapter of the registry.

    Args:
        native: whether native recommenders are wanted.
        adapters: whether models of other libraries are.
        only: names of rows, or of libraries for all of their rows; empty for all.

    Raises:
        UnknownNameError: a name in `only` that is none, or nothing left.
    """
    native_names = list(registry.names("recommenders"))
    others = [name for library in registry.names("adapters") for name in _models_of(library)]
    for name in only:
        if name not in native_names + others and name not in registry.names("adapters"):
            raise UnknownNameError(
                f"{name!r} is not one of the rows: {', '.join(native_names + others)}. Name one, or a library."
            )
    menu = native_names * native + others * adapters
    left = [name for name in menu if not only or name in only or (name in others and source_of(name) in only)]
    if not left:
        raise UnknownNameError("no row is left: neither native nor adapters, or none of `only`. Choose fewer limits.")
    return left


def source_of(name: str) -> str:
    """Return "native" or the library of a row."""
    return NATIVE if name in registry.names("recommenders") else name.partition(":")[0]


def manifest(split: Split, settings: RecommendersSettings) -> JsonObject:
    """Return what all figures depend on: data, settings and version; times and machines are not in it."""
    return {
        "run": "bench recommenders",
        "version": __version__,
        "data": split.fingerprint,
        "settings": settings.model_dump(mode="json"),
    }


def compare_recommenders(
    split: Split,
    names: Iterable[str],
    settings: RecommendersSettings | None = None,
    *,
    on_row: Callable[[Row], None] | None = None,
    progress: bool = True,
) -> list[Row]:
    """Train, explain, verify and measure each recommender; one that fails becomes a row with the reason.

    Weights are left out, which many of them do not use: all rows are of the same data.

    Args:
        split: the prepared data.
        names: of the rows, see `entrants`.
        settings: None for the defaults.
        on_row: called with each row as it comes, to keep it.
        progress: whether to show bars.
    """
    chosen, rows = settings or RecommendersSettings(), []
    if split.weighted:
        logger.warning("the comparison leaves the weights of %s out: every interaction counts as 1", split.name)
    split = split.unweighted()
    for name in names:
        try:
            row = _row(name, split, chosen, progress=progress)
        except Exception as error:  # noqa: BLE001 # whatever another library raises: the other rows go on
            row = Row(name, source_of(name), reason=_reason(error))
        rows.append(row)
        if on_row:
            on_row(row)
    return rows


def _row(name: str, split: Split, settings: RecommendersSettings, *, progress: bool) -> Row:
    started = time.perf_counter()
    model = _trained(name, split, settings, progress=progress)
    fit_seconds = time.perf_counter() - started
    if model.catalogue.fingerprint != split.catalogue.fingerprint:
        raise RecommenderError(
            f"{model.name} has another catalogue than {split.name}. Wrap it with the catalogue of the split."
        )
    quality = held_out_quality(model, split.test, recall=())
    return replace(
        _explained(model, split, settings, progress=progress),
        recommender=name,
        source=source_of(name),
        ndcg_100=_finite(quality["ndcg_100"]),
        test_users=int(quality["users"]),
        fit_seconds=fit_seconds,
    )


def _explained(model: Recommender, split: Split, settings: RecommendersSettings, *, progress: bool) -> Row:
    """Explain the lists of the test users, and measure what re-ranking says of the sets."""
    queries = top_k_queries(
        model, split.histories(limit=settings.users), k=settings.k, rule=settings.rule, seed=settings.seed
    )
    method = make_explainer("auto", {} if settings.budget is None else {"budget": settings.budget})
    limits = {} if settings.seconds is None else {"seconds": settings.seconds}
    # what a process pays once, such as reading compiled loops, is no part of a query's time
    explain_queries(model, queries[:1], explainer=method, budget=limits, progress=False)
    started = time.perf_counter()
    explained = explain_queries(model, queries, explainer=method, budget=limits, progress=progress)
    spent = time.perf_counter() - started
    evaluation = evaluate(model, explained)
    measured = {key: _finite(measurement.value) for key, measurement in evaluation.measurements[settings.rule].items()}
    ends = [each.status for each in explained if each.status is not Status.INVALID]
    proven = sum(each.proof is Proof.MINIMUM or each.status is Status.IMPOSSIBLE for each in explained)
    return Row(
        recommender=model.name,
        source=NATIVE,
        model=model.name,
        queries=evaluation.queries,
        invalid=evaluation.invalid,
        coverage=measured["coverage"],
        validity=measured["validity"],
        pn=measured["pn"],
        mean_size=measured["mean_size"],
        proven=proven / len(ends) if ends else None,
        statuses={status.value: ends.count(status) for status in Status if status in ends},
        ms_a_query=1000 * spent / len(queries) if queries else None,
    )


def _trained(name: str, split: Split, settings: RecommendersSettings, *, progress: bool) -> Recommender:
    if source_of(name) != NATIVE:
        if name not in ZOO:
            raise CapabilityError(f"no model of {name} is trained here: train one and give it to topple.wrap.")
        with busy_bar(f"fit {name}") if progress else nullcontext():
            return ZOO[name](split, Effort(settings.max_minutes, settings.seed))
    known: Any = registry.load("recommenders", name).settings_type.model_fields
    limits = {"max_minutes": settings.max_minutes, "seed": settings.seed}
    model = fit(split, name, settings={key: limits[key] for key in limits if key in known}, progress=progress)
    if model.training.get("interrupted"):
        raise KeyboardInterrupt  # a training ends gracefully; here the whole run was meant
    return model


def _models_of(library: str) -> list[str]:
    """Return the rows of a library, at least one: an adapter without a model in the zoo says so in a row."""
    return [name for name in ZOO if name.partition(":")[0] == library] or [library]


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, ToppleError) and text else f"{type(error).__name__}: {text}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
