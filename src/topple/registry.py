"""Name to "module:Class" (of an adapter, "module:function"), for everything that can be added.

Nothing heavy loads until it is asked for. A package of somebody else adds rows through the entry-point groups
`topple.datasets`, `topple.recommenders`, `topple.adapters`, `topple.explainers`, `topple.metrics` and `topple.executors`.
"""

import difflib
import importlib
import logging
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal, TypeAlias

from topple.errors import UnknownNameError, shown

logger = logging.getLogger(__name__)

Kind: TypeAlias = Literal["datasets", "recommenders", "adapters", "explainers", "metrics", "executors"]

BUILT_IN: dict[Kind, dict[str, str]] = {
    "datasets": {
        "ml-100k": "topple.data.sources.ml_100k:MovieLens100K",
        "ml-1m": "topple.data.sources.ml_1m:MovieLens1M",
        "epinions": "topple.data.sources.epinions:Epinions",
        "alishop": "topple.data.sources.alishop:Alishop",
        "generated": "topple.data.sources.generated:Generated",
    },
    "recommenders": {
        "mult-vae": "topple.recommenders.models.mult_vae:MultVAE",
        "mult-dae": "topple.recommenders.models.mult_dae:MultDAE",
        "ease": "topple.recommenders.models.ease:EASE",
        "item-knn": "topple.recommenders.models.item_knn:ItemKNN",
        "als": "topple.recommenders.models.als:ALS",
        "popularity": "topple.recommenders.models.popularity:Popularity",
        "bpr": "topple.recommenders.models.bpr:BPR",
        "lightgcn": "topple.recommenders.models.lightgcn:LightGCN",
        "neumf": "topple.recommenders.models.neumf:NeuMF",
        "sasrec": "topple.recommenders.models.sasrec:SASRec",
    },
    "adapters": {
        "callable": "topple.recommenders.adapters.callable:wrap",
        "torch": "topple.recommenders.adapters.torch:wrap",
        "sklearn": "topple.recommenders.adapters.sklearn:wrap",
        "implicit": "topple.recommenders.adapters.implicit:wrap",
        "lenskit": "topple.recommenders.adapters.lenskit:wrap",
        "rectools": "topple.recommenders.adapters.rectools:wrap",
        "cornac": "topple.recommenders.adapters.cornac:wrap",
        "recbole": "topple.recommenders.adapters.recbole:wrap",
    },
    "explainers": {
        "auto": "topple.explainers.auto:Auto",
        "exhaustive": "topple.explainers.exhaustive:Exhaustive",
        "greedy": "topple.explainers.greedy:Greedy",
        "lcer": "topple.explainers.lcer:Lcer",
        "lcer-rank": "topple.explainers.lcer_rank:LcerRank",
        "exact": "topple.explainers.exact:Exact",
        "leave-one-out": "topple.explainers.leave_one_out:LeaveOneOut",
        "gradient-x-input": "topple.explainers.gradient_x_input:GradientXInput",
        "integrated-gradients": "topple.explainers.integrated_gradients:IntegratedGradients",
        "lime-rs": "topple.explainers.lime_rs:LimeRs",
        "lxr": "topple.explainers.lxr:Lxr",
    },
    "metrics": {
        "coverage": "topple.metrics.coverage:Coverage",
        "validity": "topple.metrics.validity:Validity",
        "pn": "topple.metrics.pn:ProbabilityOfNecessity",
        "ps": "topple.metrics.ps:ProbabilityOfSufficiency",
        "f_ns": "topple.metrics.f_ns:FNS",
        "mean_size": "topple.metrics.mean_size:MeanSize",
        "mean_gap": "topple.metrics.mean_gap:MeanGap",
        "share_minimal": "topple.metrics.share_minimal:ShareMinimal",
        "share_whole_history": "topple.metrics.share_whole_history:ShareWholeHistory",
        "pos": "topple.metrics.attributions.pos:Pos",
        "neg": "topple.metrics.attributions.neg:Neg",
        "del": "topple.metrics.attributions.deletion:Deletion",
        "ins": "topple.metrics.attributions.insertion:Insertion",
        "cdcg": "topple.metrics.attributions.cdcg:Cdcg",
        "pos_fixed": "topple.metrics.attributions.pos:PosFixed",
        "del_fixed": "topple.metrics.attributions.deletion:DeletionFixed",
        "ins_fixed": "topple.metrics.attributions.insertion:InsertionFixed",
        "cdcg_fixed": "topple.metrics.attributions.cdcg:CdcgFixed",
        "gini": "topple.metrics.attributions.gini:Gini",
    },
    "executors": {
        "local": "topple.batch.executors.local:run",
        "ray": "topple.batch.executors.ray:run",
        "spark": "topple.batch.executors.spark:run",
    },
}


@cache
def rows(kind: Kind) -> dict[str, str]:
    """Return every name of `kind` with the "module:Class", built-in rows first and never overridden."""
    found = dict(BUILT_IN[kind])
    for point in entry_points(group=f"topple.{kind}"):
        found.setdefault(point.name, point.value)
    return found


def names(kind: Kind) -> tuple[str, ...]:
    """Return the names of `kind`, in the registry's order."""
    return tuple(rows(kind))


def load(kind: Kind, name: str) -> Any:
    """Import and return the class or function of the row `name`.

    Raises:
        UnknownNameError: no row of that name, the message lists the rows; or a row of another package that cannot be loaded.
    """
    found = rows(kind)
    if not isinstance(name, str) or name not in found:
        near = difflib.get_close_matches(name, found, n=1) if isinstance(name, str) else []
        hint = f" Did you mean {shown(near[0])}?" if near else ""
        raise UnknownNameError(f"{shown(name)} is not one of the {kind}: {', '.join(found)}.{hint}")
    module, _, attribute = found[name].partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        if name in BUILT_IN[kind]:
            raise
        raise UnknownNameError(
            f"{shown(name)} of the {kind} is an entry point of another package, {found[name]!r}, and cannot be loaded: {error}. Mend or "
            "uninstall that package; topple doctor names every such entry point."
        ) from error


def loaded(kind: Kind) -> dict[str, Any]:
    """Return every row of `kind` that can be loaded, by name; a broken entry point of another package is left out."""
    found = {}
    for name in names(kind):
        try:
            found[name] = load(kind, name)
        except UnknownNameError:
            logger.warning("the entry point %s of topple.%s cannot be loaded; topple doctor says why", name, kind)
    return found
