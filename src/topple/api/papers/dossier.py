"""Dossier: the answer to a letter, about one person's recommendations: what they hang on, and what other data would have led to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from topple.api.answers.beside import asked_about_shown
from topple.api.answers.order import say_no_order
from topple.api.asking import requests_of, targets_of
from topple.api.effort import with_effort
from topple.api.explaining import chosen_explainer, explain_queries
from topple.api.limits import LeftOut
from topple.api.papers.changing import alone, fitted_anew
from topple.api.papers.telling import (
    told_of_answers,
    told_of_entry,
    told_of_items,
    told_of_listed,
    told_of_question,
    trained_on,
)
from topple.api.recommending import recommended
from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue
from topple.errors import QueryError, as_list, need
from topple.errors import shown as told_as
from topple.explainers.base import Explainer
from topple.files import writing
from topple.inputs import path_of
from topple.records.answer import Explanation
from topple.records.as_json import as_json
from topple.records.effort import Effort
from topple.records.question import CandidateRule, Query, Request, Unknown
from topple.reports.papers.dossier_page import dossier_page
from topple.reports.papers.languages import language as language_of
from topple.reports.papers.pages import write_page
from topple.reports.words import words_in
from topple.scoring.budget import Budget
from topple.scoring.checks import check_asked, check_recommender
from topple.scoring.recommender import Recommender
from topple.settings import Settings
from topple.types import FilePath, ItemId, JsonObject, UserId, is_storable, plain_ids
from topple.verification.retraining import Retraining


@dataclass(frozen=True, repr=False)
class Dossier:
    """The answer to a letter about one person's recommendations.

    Args:
        told: everything that the page shows, as JSON.
        explanations: the answers.
    """

    told: JsonObject
    explanations: tuple[Explanation, ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        true = sum(each.valid for each in self.explanations)
        who = "a history" if self.told["user"] is None else f"user {self.told['user']}"
        return f"<Dossier of {who}: {len(self.explanations)} recommendations asked about, {true} with a true set>"

    def as_json(self) -> JsonObject:
        """Return the dossier as one JSON object; `topple.replay` takes it."""
        return self.told

    def page(self) -> str:
        """Return the page: HTML that opens offline."""
        return dossier_page(self.told)

    def write(self, path: FilePath, *, overwrite: bool = False) -> None:
        """Write the page, or for a name that ends in .json the JSON object.

        Raises:
            SettingsError: another suffix than .html or .json.
            OutputExistsError, OutputError: the file could not be written.
        """
        if path_of(path).suffix.lower() != ".json":
            write_page(self.page(), path, overwrite=overwrite)
            return
        with writing(path, overwrite=overwrite) as aside:
            aside.write_text(as_json(self.told, indent=2) + "\n", encoding="utf-8")


def dossier(
    recommender: Recommender,
    history: Sequence[ItemId],
    *,
    user: UserId | None = None,
    targets: Sequence[ItemId] | None = None,
    shown: Sequence[ItemId] | None = None,
    k: int | None = None,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    seed: int = 0,
    explainer: str | Explainer = "auto",
    settings: Settings | Mapping[str, Any] | None = None,
    budget: Budget | Mapping[str, Any] | None = None,
    effort: Effort | str | None = None,
    candidates: Iterable[ItemId] | None = None,
    exclude: Iterable[ItemId] = frozenset(),
    context: object = None,
    unknown: Unknown | str | LeftOut = Unknown.REFUSE,
    split: Split | None = None,
    retraining: Retraining | None = None,
    because: str = "liked",
    language: str = "en",
    given: Sequence[Mapping[str, Any]] | None = None,
) -> Dossier:
    """Answer a person's or an officer's letter: what was recommended, which data it hangs on, what other data would have led to.

    The dossier says in words what was found, and what it does not show. It holds the person's history, and is for the person.

    Args:
        recommender: what recommended.
        history: the item of each event of the person.
        user: who it is; None for a history of nobody's.
        targets: the recommendations that are asked about; None for the whole list.
        shown: the list that the person was really shown, best first; each item is asked about, and the dossier says whether the
            list is the model's.
        k: length of the list; None: 5, or the length of the list that was shown.
        rule: which items may be listed after a removal.
        seed: of the run.
        explainer: a name of the registry, or an explainer.
        settings: the explainer's settings.
        budget: what may be spent; in scored histories, or the dossier may not be replayed to the same answer.
        effort: "instant", "balanced" or "proof", in place of settings and budget of the default method.
        candidates: the only items that may be listed; None for all.
        exclude: items that may not be listed.
        context: what a wrapped model is told besides: JSON, or an object with a `key`.
        unknown: "refuse" items that the catalogue does not hold, or "drop" them.
        split: the data that the model was fitted on, which says whether the person was among those who were trained on.
        retraining: how to fit the model anew without each true set; None: that is not tried, and the dossier says so.
        because: what the data says that people did: liked, bought, played, read, viewed, watched, heard or rated.
        language: of the page and the sentences, `en` or `de`.
        given: the explanations that the person was given before, newest first, as entries of the audit store
            (`Entry.as_json`); None: no store was asked, and the dossier says so.

    Raises:
        DataError: something among `given` that is no entry.
        QueryError: a history that has no list, targets with a shown list, a shown list of nobody's, or a context without a key.
        UnknownIdError: a target that the catalogue does not hold.
        UnknownNameError, SettingsError, CapabilityError: before any work starts.

    Example:
        >>> import topple
        >>> from topple.testing import film_recommender
        >>> topple.dossier(film_recommender(), ["alien", "brazil"], user=42, k=2)
        <Dossier of user 42: 2 recommendations asked about, 2 with a true set>
    """
    wording = _checked_wording(because, language)
    need(split, Split | None, "split", "the split that the model was fitted on, or None")
    settings, limits = with_effort(effort, explainer, settings, budget)
    method = chosen_explainer(explainer, settings)
    method.require(check_recommender(recommender))
    before = None if given is None else [told_of_entry(each, recommender) for each in given]
    chosen = targets_of(targets)
    if shown is not None and (chosen is not None or user is None):
        raise QueryError(
            "shown= is the list that a user was shown, and what is asked about. Give user= with it, and leave targets= out."
        )
    length = 5 if k is None else k
    request = _request(
        recommender.catalogue, history, user, context, unknown,
        k=length, rule=rule, seed=seed, candidates=candidates, exclude=exclude,
    )  # fmt: skip
    recommender.catalogue.vocabulary.encode(chosen or ())
    lists = None if shown is None or user is None else {user: _as_shown(shown)}
    if lists is not None:
        (asked,) = asked_about_shown([request], lists, k, single=False)
        request = asked.request
    check_asked(request, recommender)
    say_no_order(recommender, [history])
    (listed,) = recommended(recommender, [request])
    about = lists[user] if lists is not None and user is not None else chosen or tuple(one.item for one in listed)
    queries = [Query.about(target, request) for target in about]
    explained = explain_queries(recommender, queries, explainer=method, budget=limits, progress=False, shown=lists)
    on_data = trained_on(split, user)
    anew = fitted_anew(recommender, explained, retraining, trained_on=on_data)
    told = {
        **told_of_question(recommender, request, method.name, limits),
        **wording,
        "trained_on": on_data,
        "listed": [told_of_listed(one) for one in listed],
        "shown": None if lists is None else told_of_items(about, recommender.catalogue),
        **told_of_answers(recommender, explained, anew, **wording),
        "alone": alone(recommender, request),
        "given": before,
    }
    return Dossier(told, tuple(explained))


def _as_shown(shown: Sequence[ItemId]) -> tuple[ItemId, ...]:
    return plain_ids(as_list(shown, "shown", "item ids, best first"))


def _checked_wording(because: str, language: str) -> dict[str, str]:
    """Return the words of sentences and the language, refused where they are not known."""
    language_of(language)
    need(because, str, "because", "what people did, such as liked")
    words_in(language).verb(because)
    return {"because": because, "language": language}


def _request(
    catalogue: Catalogue, history: Sequence[ItemId], user: UserId | None, context: object, unknown: Any, **asked: Any
) -> Request:
    """Return what is asked of the person; refuse what no file can hold."""
    if isinstance(history, str | bytes):
        raise QueryError(f"history={told_as(history)} is a text. Give a list of item ids.")
    if user is not None and not is_storable(user):
        raise QueryError(
            f"user={told_as(user)} is no id that a file can hold. Give a text of whole characters, or a whole number of at most 64 bits."
        )
    name = "" if user is None else user
    (request,) = requests_of(
        catalogue, {name: history}, None, {} if context is None else {name: context}, known_users=user is not None,
        unknown=unknown, **asked,
    )  # fmt: skip
    if not request.replayable:
        raise QueryError(
            f"the context {told_as(context)} has no key and is no JSON, so that no file can hold it and nobody could check the "
            "dossier. Give JSON, or an object with a key."
        )
    return request
