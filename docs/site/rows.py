"""The pages of what the registry holds: one page a row, of the class alone, so that rows of other packages have pages too."""

import inspect
import re
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from docs.site.docstrings import LABELS, Docstring, markdown, read
from docs.site.settings import presets_text, settings_table
from docs.site.tables import facts
from topple import registry
from topple.explainers.base import misfit

MODELS = ("ease", "mult-vae", "als")
"""Recommenders of examples: the first that a method fits."""


def pages() -> dict[str, str]:
    """Return the text of each page by path."""
    found: dict[str, str] = {}
    for folder, kind, made in _FOLDERS:
        names = registry.names(kind)
        found |= {f"{folder}/{name}.md": made(name, registry.load(kind, name)) for name in names}
    return found


def method_page(name: str, kind: Any) -> str:
    """Return the page of an explainer."""
    said = read(kind)
    told = [
        ("Needs", needs(kind)),
        ("Goals", ", ".join(f"`{goal}`" for goal in sorted(kind.goals))),
        *_labels(said, "Cost", "Random", "Source", "Differs from it in"),
        *_origin("explainers", name, kind),
    ]
    settings = settings_table(kind.settings_type) + "\n" + presets_text(kind.settings_type)
    return "\n".join(
        [
            *_head(name, said, told),
            "## Settings\n",
            settings,
            "## Example\n",
            example_of_method(name, kind),
            _own_example(said),
        ]
    )


def example_of_method(name: str, kind: Any) -> str:
    """Return an example in Python and the same on the command line; a method that learns is fitted first."""
    model = next((model for model in MODELS if not misfit(kind, registry.load("recommenders", model))), MODELS[0])
    settings, option = ("", "") if model != "mult-vae" else (', settings={"epochs": 5}', " --epochs 5")
    learned, chosen, fitted = "", f'"{name}"', ""
    if getattr(kind, "learns", False):
        few = ', settings={"epochs": 2}' if "epochs" in kind.settings_type.model_fields else ""
        learned = f'method = topple.fit_explainer(model, split, "{name}"{few}, progress=False)  # few epochs, to be quick here\n'
        chosen, fitted = "method", f"topple fit --explainer {name} --model model --out {name}\n"
    return f"""```python
import topple

split = topple.load_split("generated")
model = topple.fit(split, "{model}"{settings}, progress=False)
{learned}histories = split.histories(limit=2)
for explanation in topple.explain(model, histories, k=3, explainer={chosen}, progress=False):
    print(topple.sentence(explanation, model.catalogue))
```

```console
topple fit --dataset generated --recommender {model}{option} --out model
{fitted}topple explain --model model --users 2 --k 3 --explainer {name}
```
"""


def metric_page(name: str, kind: Any) -> str:
    """Return the page of a metric."""
    said = read(kind)
    better = {"higher": "Higher is better.", "lower": "Lower is better."}[kind.direction]
    told = [
        ("In tables", f"{markdown(kind.title)}"),
        ("Direction", better),
        ("Denominator", f"{markdown(kind.of)}; a table says how many there are"),
        *_labels(said, *LABELS),
        *_origin("metrics", name, kind),
    ]
    reads = getattr(kind, "reads_attributions", False) or getattr(kind, "reads_curves", False)
    method = ', explainer="leave-one-out"' if reads else ""
    told += [("Reads", "attributions: methods that give none are left out")] if reads else []
    example = f"""```python
import topple

split = topple.load_split("generated")
model = topple.fit(split, "ease", progress=False)
explanations = topple.explain(model, split.histories(limit=4), k=3{method}, progress=False)
evaluation = topple.evaluate(model, explanations, progress=False)
for rule, measured in evaluation.measurements.items():
    if "{name}" in measured:
        print(rule, measured["{name}"].value, "of", measured["{name}"].denominator)
```

On the command line every metric stands in the table of `topple evaluate`.
"""
    return "\n".join([*_head(name, said, told), "## Example\n", example, _own_example(said)])


def model_page(name: str, kind: Any) -> str:
    """Return the page of a recommender that is trained here."""
    said = read(kind)
    told = [
        ("Capabilities", ", ".join(f"`{each}`" for each in sorted(kind.capabilities))),
        *_labels(said, *LABELS),
        *_origin("recommenders", name, kind),
    ]
    settings = settings_table(kind.settings_type) + "\n" + presets_text(kind.settings_type)
    example = f"```console\ntopple fit --dataset generated --recommender {name} --out model\ntopple explainers --for model\n```\n"
    return "\n".join([*_head(name, said, told), "## Settings\n", settings, "## Example\n", example, _own_example(said)])


def dataset_page(name: str, kind: Any) -> str:
    """Return the page of a data set."""
    source, said = kind(), read(kind)
    told = [
        ("Homepage", f"<{source.homepage}>" if source.homepage.startswith("http") else markdown(source.homepage)),
        ("Licence", markdown(source.licence)),
        ("Cite", markdown(source.citation)),
        ("Files", ", ".join(" or ".join(f"`{part}`" for part in file.split("|")) for file in source.files)),
        (
            "Download",
            "by `topple data fetch`, checked against its checksum"
            if source.archive
            else "none; `--data-dir FOLDER` reads the files",
        ),
        ("Preparation", ", ".join(f"`{key}={value}`" for key, value in source.preparation.items()) or "the defaults"),
        *_origin("datasets", name, kind),
    ]
    example = f"```console\ntopple fit --dataset {name} --recommender ease --out model\n```\n"
    return "\n".join([*_head(name, said, [fact for fact in told if fact[1]]), "## Example\n", example])


def library_page(name: str, wrap: Any) -> str:
    """Return the page of an adapter."""
    module = import_module(wrap.__module__)
    said, of_module = read(wrap), read(module)
    arguments = _arguments(said.sections.get("Args", ""))
    signature = f'topple.wrap(model, "{name}", items{"".join(f", {each}" for each in _options(wrap))})'
    parts = [
        f"# {name}\n",
        markdown(of_module.summary) + "\n",
        *(markdown(part) + "\n" for part in of_module.paragraphs),
    ]
    parts += [
        f"```python\n{signature}\n```\n",
        markdown(said.summary) + "\n",
        *(markdown(part) + "\n" for part in said.paragraphs),
        arguments,
    ]
    parts.append(
        f"The guide: [a model of {name}](../guides/explain-your-{name}-model.md).\n"
        if _built_in("adapters", name)
        else ""
    )
    return "\n".join(part for part in parts if part)


def _options(wrap: Any) -> list[str]:
    return [
        f"{each.name}={each.default!r}"
        for each in list(inspect.signature(wrap).parameters.values())[2:]
        if each.default is not each.empty
    ]


def _arguments(text: str) -> str:
    """Return the arguments of a section of a docstring as a list."""
    items = re.findall(r"^(\w+): (.*(?:\n\s+.*)*)", text, flags=re.MULTILINE)
    return "\n".join(f"- `{name}`: {markdown(' '.join(said.split()))}" for name, said in items) + "\n" if items else ""


def _head(name: str, said: Docstring, told: list[tuple[str, str]]) -> list[str]:
    body = [markdown(part) + "\n" for part in said.paragraphs]
    return [
        f"# {name}\n",
        markdown(said.summary) + "\n",
        *body,
        facts((fact, " ".join(text.split())) for fact, text in told),
    ]


def _labels(said: Docstring, *names: str) -> list[tuple[str, str]]:
    return [(name, markdown(said.labels[name])) for name in names if name in said.labels]


def needs(kind: Any) -> str:
    """Return what a method needs of a recommender."""
    said = read(kind).labels.get("Needs", "").rstrip(".")
    declared = ", ".join(f"`{need}`" for need in sorted(kind.needs))
    return f"a recommender that is {declared}" if declared else markdown(said or "nothing but scores")


def _own_example(said: Docstring) -> str:
    text = said.sections.get("Example") or said.sections.get("Examples")
    return f"```python\n{text}\n```\n" if text else ""


def _origin(kind: registry.Kind, name: str, found: Any) -> list[tuple[str, str]]:
    """Return the class, and of a row of another package the distribution that brings it."""
    where = [("Class", f"`{found.__module__}.{found.__qualname__}`")]
    if not _built_in(kind, name):
        where.append(("Comes with", ", ".join(_packages(entry_points(group=f"topple.{kind}", name=name)))))
    return where


def _packages(points: Iterable[EntryPoint]) -> list[str]:
    return [f"{point.dist.name} {point.dist.version}" if point.dist else "another package" for point in points]


def _built_in(kind: registry.Kind, name: str) -> bool:
    return name in registry.BUILT_IN[kind]


_FOLDERS: tuple[tuple[str, registry.Kind, Any], ...] = (
    ("methods", "explainers", method_page),
    ("metrics", "metrics", metric_page),
    ("models", "recommenders", model_page),
    ("libraries", "adapters", library_page),
    ("datasets", "datasets", dataset_page),
)
