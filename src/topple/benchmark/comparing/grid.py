"""What is compared: models, methods, users and seeds, checked before any work."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from topple import __version__
from topple.api.explaining import chosen_explainer
from topple.data.splitting import Split
from topple.errors import QueryError, RecommenderError, SettingsError, as_list, need, shown
from topple.explainers.base import Explainer, misfit
from topple.records.question import CandidateRule
from topple.scoring.budget import Budget
from topple.scoring.checks import candidate_rule, check_recommender
from topple.scoring.findings.identity import same_model
from topple.scoring.recommender import Recommender
from topple.settings import Settings
from topple.types import JsonObject, UserId

Models: TypeAlias = Recommender | Sequence[Recommender] | Mapping[str, Recommender]
Methods: TypeAlias = str | Explainer | Sequence[str | Explainer] | Mapping[str, str | Explainer]
MethodSettings: TypeAlias = Mapping[str, Settings | Mapping[str, Any]]


@dataclass(frozen=True)
class Cell:
    """One method asked about one model with one seed."""

    model: str
    method: str
    seed: int

    @property
    def name(self) -> str:
        """The name of the piece that holds what was measured."""
        return f"cell {self.label}"

    @property
    def label(self) -> str:
        """The name of the folders of its answers and of its explainer."""
        return f"{self.model} {self.method} {self.seed}"


@dataclass(frozen=True, eq=False)
class Grid:
    """Methods x models x seeds.

    Args:
        models: by the name in the table.
        methods: by the name in the table.
        split: the data that all models are of; test users are explained.
        users: whose lists are explained: the first so many test users, all (None), or users by id.
        k: length of the lists.
        rule: which items compete after a removal.
        seeds: of the draws of methods, and of the fits of methods that learn.
        budget: of a query.
    """

    models: Mapping[str, Recommender]
    methods: Mapping[str, Explainer]
    split: Split
    users: int | tuple[UserId, ...] | None = 100
    k: int = 5
    rule: CandidateRule = CandidateRule.UNSEEN_BEFORE
    seeds: tuple[int, ...] = (0,)
    budget: Budget = field(default_factory=Budget)

    @classmethod
    def of(
        cls,
        models: Models,
        methods: Methods,
        settings: MethodSettings | None,
        split: Split,
        seeds: int | Iterable[int],
        users: int | Iterable[UserId] | None,
        **asked: Any,
    ) -> "Grid":
        """Return a grid of what a caller gives.

        Raises:
            ArgumentError, QueryError, SettingsError, UnknownNameError, RecommenderError: what does not fit, and what to give.
        """
        need(split, Split, "split", "the split that the models were fitted on, such as load_model_split(folder)")
        named = named_models(models)
        for name, model in named.items():
            if model.catalogue.fingerprint != split.catalogue.fingerprint:
                raise RecommenderError(
                    f"{name} has a catalogue of {len(model.catalogue):,} items ({model.catalogue.fingerprint}), and the split one of "
                    f"{len(split.catalogue):,} ({split.catalogue.fingerprint}). Compare models of one split."
                )
        asked["rule"] = candidate_rule(asked["rule"])
        asked["budget"] = asked["budget"] if isinstance(asked["budget"], Budget) else Budget.parse(asked["budget"])
        if type(asked["k"]) is not int or asked["k"] < 1:
            raise QueryError(f"k={shown(asked['k'])} is no length of a list. Give a whole number, 1 or more.")
        return cls(named, named_methods(methods, settings), split, _users(users), seeds=_seeds(seeds), **asked)

    @property
    def cells(self) -> list[Cell]:
        """What there is to run: methods that fit the model; with the first seed alone where the method draws nothing."""
        return [
            Cell(model, method, seed)
            for model in self.models
            for method in self.methods
            if not self.reason(model, method)
            for seed in self.seeds_of(method)
        ]

    def seeds_of(self, method: str) -> tuple[int, ...]:
        """Return the seeds that a method is run with."""
        return self.seeds if self.draws(method) else self.seeds[:1]

    def draws(self, method: str) -> bool:
        """Return whether what a method answers may depend on the seed: of the draws, or of the fit."""
        return self.methods[method].draws or self.fits(method)

    def fits(self, method: str) -> bool:
        """Return whether a method learns, and is to be fitted to each model: it was not given as it was fitted."""
        return self.methods[method].learns and not self.methods[method].model

    def reason(self, model: str, method: str) -> str:
        """Return why a method does not fit a model; nothing where it does."""
        explainer, recommender = self.methods[method], self.models[model]
        if explainer.learns and explainer.model and not same_model(explainer.model, recommender):
            return f"this {explainer.name} was fitted to another model ({explainer.model}); name it, and it is fitted to each"
        return misfit(type(explainer), recommender)

    @property
    def manifest(self) -> JsonObject:
        """What all figures depend on; models and methods may join a run later, and have entries of their own."""
        users = list(self.users) if isinstance(self.users, tuple) else self.users
        return {
            "run": "compare",
            "version": __version__,
            "data": self.split.fingerprint,
            "users": users,
            "k": self.k,
            "rule": str(self.rule),
            "budget": self.budget.model_dump(mode="json"),
        }

    @property
    def entries(self) -> dict[str, JsonObject]:
        """What the figures of each model and of each method depend on, by the name of a piece."""
        models = {f"model {name}": {"fingerprint": model.fingerprint} for name, model in self.models.items()}
        methods = {
            f"method {name}": {
                "explainer": method.name,
                "settings": method.settings.model_dump(mode="json"),
                "fitted": method.model,
            }
            for name, method in self.methods.items()
        }
        return models | methods


def named_models(models: Models) -> dict[str, Recommender]:
    """Return models by name: those of a mapping, else what they call themselves, with a number where two are called the same.

    Raises:
        ArgumentError: no recommender.
        QueryError: none at all, or a name that is no text.
    """
    if isinstance(models, Recommender):
        models = [models]
    if isinstance(models, Mapping):
        found = dict(models)
    else:
        several = as_list(models, "models", "a recommender, a list of them, or a mapping of names to them")
        found = numbered([(check_recommender(model).name, model) for model in several])
    for model in found.values():
        check_recommender(model)
    return _checked(found, "models")


def named_methods(methods: Methods, settings: MethodSettings | None = None) -> dict[str, Explainer]:
    """Return methods by the name in the table; a mapping may give one method several names, each with settings.

    Args:
        methods: names of the registry, explainers, or a mapping of names in the table to either.
        settings: by name in the table.

    Raises:
        ArgumentError, QueryError, UnknownNameError, SettingsError: what does not fit.
    """
    if isinstance(methods, str | Explainer):
        methods = [methods]
    if isinstance(methods, Mapping):
        given = dict(methods)
    else:
        several = as_list(methods, "methods", "names of explainers, explainers, or a mapping of names to them")
        given = numbered([(each.name if isinstance(each, Explainer) else each, each) for each in several])
    need(settings, Mapping | None, "settings", "a mapping of each method's name to the settings")
    told = dict(settings or {})
    stray = next((name for name in told if name not in given), None)
    if stray is not None:
        raise SettingsError(
            f"settings were given for {shown(stray)}, which is not one of the methods: {', '.join(map(str, given))}. Name one of them."
        )
    _checked(given, "methods")
    return {name: chosen_explainer(method, told.get(name)) for name, method in given.items()}


def numbered(pairs: Sequence[tuple[Any, Any]]) -> dict[Any, Any]:
    """Return values by name; the second of a name is called `NAME 2`."""
    found: dict[Any, Any] = {}
    for name, value in pairs:
        turn = sum(1 for other, _ in pairs[: len(found)] if other == name)
        found[name if turn == 0 else f"{name} {turn + 1}"] = value
    return found


def _checked(named: dict[Any, Any], what: str) -> dict[str, Any]:
    if not named:
        raise QueryError(f"{what} is empty: there is nothing to compare. Give one at least.")
    for name in named:
        if not isinstance(name, str) or not name.strip():
            raise QueryError(f"{shown(name)} is no name for one of the {what}. Give a text that is not empty.")
    return named


def _seeds(seeds: Any) -> tuple[int, ...]:
    found = [seeds] if type(seeds) is int else as_list(seeds, "seeds", "a whole number, or a list of them")
    wrong = next((seed for seed in found if type(seed) is not int or not 0 <= seed < 2**32), None)
    if wrong is not None or not found or len(set(found)) < len(found):
        raise QueryError(
            f"seeds={shown(seeds)} are not different whole numbers from 0 to 2**32 - 1. Give such as (0, 1, 2)."
        )
    return tuple(found)


def _users(users: Any) -> int | tuple[UserId, ...] | None:
    if users is None or (type(users) is int and users > 0):
        return users
    if type(users) is not int:
        found = tuple(as_list(users, "users", "how many test users, None for all, or their ids"))
        if found:
            return found
    raise QueryError(f"users={shown(users)} leaves nobody to explain. Give 1 or more, None for all, or ids of users.")
