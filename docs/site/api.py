"""The pages of the API: every public name, and what is inherited from to add something; Sphinx reads the docstrings."""

import inspect
from typing import Any

import topple
from docs.site.docstrings import cell, markdown, read
from docs.site.tables import table

GROUPS = {
    "api": ("verbs", "Verbs", "What is done: fit, wrap, recommend, explain, verify, evaluate and beside them."),
    "verification": ("verbs", "", ""),
    "benchmark": ("verbs", "", ""),
    "records": (
        "records",
        "Questions and answers",
        "What is asked and answered: frozen, in ids of yours, and stored as they are.",
    ),
    "data": ("data", "Data", "Readers, preparation, splits, ids and titles."),
    "recommenders": ("models", "Models", "What is explained, and how it is saved and read."),
    "scoring": ("models", "", ""),
    "reports": ("reports", "Reports", "Sentences, tables, pictures and files."),
    "notebook": ("reports", "", ""),
    "errors": (
        "errors",
        "Errors",
        "Every error that topple raises on purpose inherits `ToppleError`, and the built-in error that a caller expects.",
    ),
}
"""Of a package of topple: the page that its public names are on; of the first of a page, the title and a sentence."""
INHERITED = (
    ("topple.scoring.recommender", ("Recommender", "Capability")),
    ("topple.explainers.base", ("Explainer",)),
    ("topple.explainers.attribution", ("AttributionMethod", "Attributions")),
    ("topple.explainers.search.explainer", ("SetSearch",)),
    ("topple.records.claims", ("Claims",)),
    ("topple.metrics.base", ("Metric", "MeanMetric", "Measurement")),
    ("topple.data.sources.base", ("Source",)),
    ("topple.settings", ("Settings",)),
)
"""What a package of somebody else inherits from, by module."""


def pages() -> dict[str, str]:
    """Return the text of each page by path."""
    found: dict[str, list[str]] = {}
    titles: dict[str, tuple[str, str]] = {}
    for name in sorted((name for name in topple.__all__ if name != "__version__"), key=str.lower):
        package = getattr(topple, name).__module__.split(".")[1]
        path, title, lead = GROUPS.get(package, (package, package.capitalize(), ""))
        found.setdefault(path, []).append(name)
        if title:
            titles[path] = (title, lead)
    pages = {f"api/{path}.md": _group(names, *titles[path]) for path, names in found.items()}
    pages["api/errors.md"] += _errors()
    pages["api/extending.md"] = _extending()
    pages["api/audit.md"] = _audit()
    order = [path for path in dict.fromkeys(path for path, _, _ in GROUPS.values()) if path in found]
    order += [path for path in found if path not in order]
    pages["api/index.md"] = _index({path: found[path] for path in order}, titles)
    return pages


def _group(names: list[str], title: str, lead: str) -> str:
    listed = "\n".join(f"## {name}\n\n{_directive(f'topple.{name}')}" for name in names)
    return f"# {title}\n\n{lead}\n\n{listed}"


def _directive(path: str, options: str = "") -> str:
    module, _, name = path.rpartition(".")
    kind = _kind(getattr(inspect.importlib.import_module(module), name))  # type: ignore[attr-defined]
    return f"```{{eval-rst}}\n.. auto{kind}:: {path}\n{options}```\n"


def _kind(found: Any) -> str:
    if inspect.isclass(found):
        return "exception" if issubclass(found, BaseException) else "class"
    return "function" if callable(found) else "data"


def _errors() -> str:
    from topple import errors

    rest = [
        name
        for name, found in vars(errors).items()
        if inspect.isclass(found) and issubclass(found, errors.ToppleError) and name != "ToppleError"
    ]
    return "\n".join(f"\n## {name}\n\n{_directive(f'topple.errors.{name}')}" for name in rest)


def _extending() -> str:
    import topple.testing as kit

    lead = (
        "What a file of yours inherits from, and the checks that say what is wired wrongly. "
        "Recipes: [Extending](../extending.md)."
    )
    parts = [f"# For extensions\n\n{lead}\n"]
    public = {getattr(topple, name) for name in topple.__all__ if name != "__version__"}
    for module, names in INHERITED:
        for name in names:
            if getattr(inspect.importlib.import_module(module), name) not in public:  # type: ignore[attr-defined]
                parts.append(f"## {name}\n\n{_directive(f'{module}.{name}')}")
    parts += [
        f"## {name}\n\n{_directive(f'topple.testing.{name}')}"
        for name in sorted(kit.__all__)
        if name.startswith("check_")
    ]
    return "\n".join(parts)


def _audit() -> str:
    import topple.audit as store

    lead = "Explanations that were given, in a chain of signed links. What it finds, and what not: [The audit store](../guides/audit.md)."
    listed = "\n".join(f"## {name}\n\n{_directive(f'topple.audit.{name}')}" for name in store.__all__)
    return f"# Audit store\n\n{lead}\n\n{listed}"


def _index(found: dict[str, list[str]], titles: dict[str, tuple[str, str]]) -> str:
    parts = [
        "# API\n",
        "`import topple` loads nothing heavy; every name below is an attribute of it, and loads what it needs when first used.\n",
    ]
    for path, names in found.items():
        rows = [
            [f"[`{name}`]({path}.md#{name.lower()})", cell(markdown(read(getattr(topple, name)).summary))]
            for name in names
        ]
        parts.append(f"## {titles[path][0]}\n\n{table(['name', 'what it is'], rows)}")
    parts.append(
        "## For extensions\n\nWhat is inherited from to add a method, a model, a metric or a data set: [For extensions](extending.md).\n"
    )
    parts.append(
        "## Audit store\n\n`topple.audit`, which keeps the explanations that were given: [Audit store](audit.md).\n"
    )
    listed = "\n".join([*found, "extending", "audit"])
    return "\n".join([*parts, f"```{{toctree}}\n:hidden:\n\n{listed}\n```\n"])
