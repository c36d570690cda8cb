"""Explain and verify."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter

from topple.api.answers.preparing import asked_about, refuse_invalid
from topple.api.asking import requests_of
from topple.records.answer import Explanation, Status
from topple.records.question import Query
from topple.reports.records import explanation_json
from topple.types import JsonObject
from topple.verification.verify import verify
from topple.web.asking.answers import Json, verdict_json
from topple.web.asking.bodies import Constrained, ExplainBody, VerifyBody
from topple.web.asking.direct import Direct
from topple.web.guarding.clients import client
from topple.web.models import ServedModel
from topple.web.pooling.questions import How, Question
from topple.web.service import AModel, AService, Service

router = APIRouter(route_class=Direct)


@router.post("/explain", summary="Why are these items listed?")
async def explain(service: AService, model: AModel, body: ExplainBody) -> Json:
    """Explain items of a list: which items of the history, removed, would topple each out of the top k; verified, by re-ranking."""
    return Json(await explain_body(service, model, body))


async def explain_body(service: Service, model: ServedModel, body: ExplainBody) -> JsonObject:
    """Return the answer to a body.

    Raises:
        ToppleError: it cannot be asked.
        QueueFullError: too many requests wait already.
    """
    _, told = await explained_and_kept(service, model, body)
    return told


async def explained_and_kept(
    service: Service, model: ServedModel, body: ExplainBody
) -> tuple[Sequence[Explanation], JsonObject]:
    """Return the explanations that answer a body, and the answer as JSON, which is in the audit store by then.

    Raises:
        ToppleError: it cannot be asked.
        QueueFullError: too many requests wait already.
    """
    explanations = await explained(service, model, body)
    wording = {"because": body.because, "language": body.language}
    catalogue = model.recommender.catalogue
    rows = [explanation_json(each, catalogue, **wording) for each in explanations]
    found = {"model": model.fingerprint, "explanations": rows}
    if service.audit is None:
        return explanations, found
    listed = body.shown or (
        None if body.targets is not None else [one.query.target for one in explanations if one.query.target is not None]
    )
    names = await service.audit.keep(
        explanations, catalogue, [row["sentence"] for row in rows], user=body.user, shown=listed,
        agrees=explanations[0].shown_is_models if body.shown else None if listed is None else True,
        language=body.language, scope=client.get().name,
    )  # fmt: skip
    return explanations, {**found, "audit": names}


async def explained(service: Service, model: ServedModel, body: ExplainBody) -> Sequence[Explanation]:
    """Return the answers to what a body asks.

    Raises:
        ToppleError: it cannot be asked.
    """
    question = question_of(service, model, body)
    answers = [each for several in await service.pool.ask(question) for each in several]
    if all(each.status is Status.INVALID for each in answers):  # one target that is not listed stops no other
        refuse_invalid(answers, of_shown=body.shown is not None)
    for (status, proof), count in Counter((each.status, each.proof) for each in answers).items():
        service.metrics.statuses.labels(status.value, proof.value if proof else "").inc(count)
    return answers


def question_of(service: Service, model: ServedModel, body: ExplainBody) -> Question:
    """Return the question that a body asks.

    Raises:
        ToppleError: it cannot be asked.
    """
    service.check_length(body.k if body.shown is None else max(body.k or 0, len(body.shown)))
    effort = service.effort(body.method, body.effort, body.scored)
    how = How.of(model, body.method, effort, body.settings, body.scored)
    histories = service.histories(model, body)
    user = next(iter(histories)) if isinstance(histories, dict) else None
    shown: Any = body.shown if body.shown is None or user is None else {user: body.shown}
    asked, _ = asked_about(
        model.recommender, histories, targets=body.targets, shown=shown, k=body.k, **_besides(body, user),
        **fields_of(body), sets=body.sets,
    )  # fmt: skip
    return Question(model, how, asked, service.due(body.deadline, how))


def _besides(body: Constrained, user: Any) -> dict[str, Any]:
    """Return the context of a body, as that of the one history or of the user."""
    return {"context": body.context} if user is None else {"contexts": {user: body.context}}


def fields_of(body: Constrained) -> dict[str, Any]:
    """Return the fields of a body that a request and constraints share, by name."""
    return {
        "rule": body.rule, "seed": body.seed, "repeats": body.repeats, "goal": body.goal,
        "protected": body.protected, "groups": body.groups, "item_costs": tuple(body.item_costs),
        "largest": body.largest, "candidates": body.candidates, "exclude": frozenset(body.exclude), "unknown": body.unknown,
    }  # fmt: skip


@router.post("/verify", summary="Is this set true?")
async def verify_set(service: AService, model: AModel, body: VerifyBody) -> JsonObject:
    """Judge a set of items of any origin by re-ranking the full catalogue."""
    service.check_length(body.k)
    histories = service.histories(model, body)
    by_user: Mapping[Any, Any] = histories if isinstance(histories, dict) else {"": histories}
    user = next(iter(by_user))
    (request,) = requests_of(
        model.recommender.catalogue, by_user, None, {user: body.context}, known_users=histories is by_user, k=body.k,
        **fields_of(body),
    )  # fmt: skip
    query = Query.about(body.target, request)
    (verdict,) = await service.call(verify, model.recommender, [query], [body.items])
    return verdict_json(verdict, model.recommender.catalogue)
