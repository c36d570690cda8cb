"""What a page shows besides: curves of attributions, and explanations as a page of their own."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from topple.api.faces.showing import card
from topple.records.answer import Explanation
from topple.records.curves import Curves
from topple.scoring.recommender import Recommender
from topple.types import JsonObject
from topple.verification.curves import curves, have_numbers
from topple.web.asking.bodies import ExplainBody
from topple.web.asking.explaining import explained_and_kept
from topple.web.service import AModel, AService

router = APIRouter()


@router.post("/curves", summary="What becomes of a recommendation as the history is emptied?")
async def drawn(service: AService, model: AModel, body: ExplainBody) -> JsonObject:
    """Explain, and return for each explanation the deletion and insertion curves of the numbers of its method; null where it has none."""
    explanations, told = await explained_and_kept(service, model, body)
    found = await service.call(_curves, model.recommender, explanations, quick=False)
    return {**told, "curves": [None if each is None else asdict(each) for each in found]}


def _curves(recommender: Recommender, explanations: Sequence[Explanation]) -> list[Curves | None]:
    """Return the curves of the explanations that have numbers."""
    chosen = [number for number, each in enumerate(explanations) if have_numbers(each)]
    found = dict(zip(chosen, curves(recommender, [explanations[number] for number in chosen]), strict=True))
    return [found.get(number) for number in range(len(explanations))]


@router.post("/card", summary="The answer as a page of HTML", response_class=HTMLResponse)
async def as_card(service: AService, model: AModel, body: ExplainBody) -> HTMLResponse:
    """Explain, and return a page that holds all of it and opens without the service, to be sent or printed."""
    explanations, _ = await explained_and_kept(service, model, body)
    shown = explanations[0] if len(explanations) == 1 else list(explanations)
    made = await service.call(
        partial(card, shown, model.recommender, because=body.because, language=body.language), quick=False
    )
    name = (
        "why.html"
        if body.user is None
        else f"why-{''.join(c for c in str(body.user) if c.isalnum() and c.isascii())[:40]}.html"
    )
    return HTMLResponse(made.page(), headers={"Content-Disposition": f'attachment; filename="{name}"'})
