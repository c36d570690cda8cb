"""The methods that fit a model."""

from dataclasses import asdict

from fastapi import APIRouter

from topple import registry
from topple.api.faces.menus import explainer_menu
from topple.types import JsonObject
from topple.web.service import AModel, AService

router = APIRouter()


@router.get("/methods", summary="Which methods are there for this model?")
async def methods(service: AService, model: AModel) -> JsonObject:
    """Return the explainers, with whether each fits the model and why; those that learn first are fitted by `topple fit`."""
    menu = await service.call(explainer_menu, model.recommender)
    learn = {name: kind.learns for name, kind in registry.loaded("explainers").items()}
    return {"methods": [{**asdict(each), "learns": learn[each.explainer]} for each in menu]}
