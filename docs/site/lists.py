"""The pages that list what the registry holds: methods, metrics, models, libraries, data sets."""

from collections.abc import Callable, Iterable
from importlib import import_module

from docs.site.docstrings import cell, markdown, read
from docs.site.rows import needs
from docs.site.tables import table
from topple import registry


def pages() -> dict[str, str]:
    """Return the text of each page by path."""
    return {f"{folder}/index.md": made(folder, registry.names(kind)) for folder, kind, made in LISTS}


def _listed(folder: str, names: Iterable[str]) -> str:
    listed = "\n".join(names)
    return f"```{{toctree}}\n:hidden:\n\n{listed}\n```\n"


def methods_index(folder: str, names: Iterable[str]) -> str:
    """Return the list of all explainers."""
    rows = []
    for name in names:
        kind = registry.load("explainers", name)
        goals = ", ".join(f"`{goal}`" for goal in sorted(kind.goals))
        rows.append([f"[{name}]({name}.md)", cell(markdown(read(kind).summary)), cell(needs(kind)), goals])
    return _index(folder, names, "Methods", _METHODS, table(["method", "what it does", "needs", "goals"], rows))


def metrics_index(folder: str, names: Iterable[str]) -> str:
    """Return the list of all metrics."""
    rows = []
    for name in names:
        kind = registry.load("metrics", name)
        rows.append(
            [
                f"[{name}]({name}.md)",
                markdown(kind.title),
                cell(markdown(read(kind).summary)),
                kind.direction,
                markdown(kind.of),
            ]
        )
    return _index(
        folder,
        names,
        "Metrics",
        _METRICS,
        table(["metric", "in tables", "what it says", "better", "denominator"], rows),
    )


def models_index(folder: str, names: Iterable[str]) -> str:
    """Return the list of all recommenders that are trained here."""
    rows = []
    for name in names:
        kind = registry.load("recommenders", name)
        does = ", ".join(f"`{each}`" for each in sorted(kind.capabilities))
        rows.append([f"[{name}]({name}.md)", cell(markdown(read(kind).summary)), does])
    return _index(folder, names, "Models", _MODELS, table(["model", "what it is", "capabilities"], rows))


def datasets_index(folder: str, names: Iterable[str]) -> str:
    """Return the list of all data sets."""
    rows = [[f"[{name}]({name}.md)", cell(markdown(read(registry.load("datasets", name)).summary))] for name in names]
    return _index(folder, names, "Data sets", _DATASETS, table(["data set", "what it is"], rows))


def libraries_index(folder: str, names: Iterable[str]) -> str:
    """Return the list of all libraries whose models can be wrapped."""
    rows = [
        [
            f"[{name}]({name}.md)",
            cell(markdown(read(import_module(registry.load("adapters", name).__module__)).summary)),
        ]
        for name in names
    ]
    return _index(folder, names, "Libraries", _LIBRARIES, table(["library", "what is taken"], rows))


def _index(folder: str, names: Iterable[str], title: str, lead: str, listed: str) -> str:
    return f"# {title}\n\n{lead}\n{listed}\n{_listed(folder, names)}"


_METHODS = """Every explainer that is installed, also those of other packages. `explainer="NAME"` (`--explainer NAME`) chooses one;
`topple explainers --for MODEL` says which fit a model and why. Which one to take: [Choosing](../concepts/choosing.md).
"""
_METRICS = """Every metric that is installed. `topple.evaluate` and `topple evaluate` measure all of them, under both candidate rules, and
every table says what it divides by.
"""
_MODELS = """Recommenders that are trained here, by `topple.fit(split, "NAME")` or `topple fit --recommender NAME`. What a model can do
decides which [methods](../methods/index.md) fit it. Models of other libraries: [Libraries](../libraries/index.md).
"""
_DATASETS = """Public data by name; each has a licence that its owner gave. `--data-dir FOLDER` reads the published files from a folder.
Data of your own: [an analyst with a CSV](../start/analyst.md).
"""
_LIBRARIES = """`topple.wrap(model, "NAME", items)` takes a trained model of another library, or any function from histories to scores. The
object is never changed. What a wrapped model can do decides which [methods](../methods/index.md) fit (`topple.explain` says so where
one does not); a model that cannot score an edited history is refused with what would work.
"""
LISTS: tuple[tuple[str, registry.Kind, Callable[[str, Iterable[str]], str]], ...] = (
    ("methods", "explainers", methods_index),
    ("metrics", "metrics", metrics_index),
    ("models", "recommenders", models_index),
    ("libraries", "adapters", libraries_index),
    ("datasets", "datasets", datasets_index),
)
"""The folder of a list, what it lists, and what makes it."""
