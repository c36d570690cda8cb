"""The models, their items and users, to be found by what people type."""

from typing import Annotated

from fastapi import APIRouter, Query

from topple.types import JsonObject
from topple.web.asking.answers import model_json
from topple.web.service import AModel, AService

router = APIRouter()
Text = Annotated[str, Query(max_length=200, description="A part of a title, or an id.")]
Most = Annotated[int, Query(ge=1, le=50, description="Most suggestions.")]


@router.get("/models", summary="Which models are served?")
async def models(service: AService) -> JsonObject:
    """Return the models that are served, with their identities."""
    return {"models": [model_json(each) for each in service.models]}


@router.get("/models/{key}", summary="Which model is this?")
async def model(model: AModel) -> JsonObject:
    """Return what is known of a model."""
    return model_json(model)


@router.get("/models/{key}/items", summary="Which items have such a title?")
async def items(model: AModel, q: Text = "", limit: Most = 10) -> JsonObject:
    """Return items whose title holds what is typed, those that begin with it first."""
    return {"items": model.titles.find(q, limit)}


@router.get("/models/{key}/users", summary="Which users have such an id?")
async def users(model: AModel, q: Text = "", limit: Most = 10) -> JsonObject:
    """Return users whose id begins with what is typed; some where nothing is typed."""
    return {"users": model.users(q, limit)}


@router.post("/models/{key}/reload", summary="Load a model anew")
async def reload(service: AService, model: AModel) -> JsonObject:
    """Load a model anew from the folder that it was loaded from; requests in progress end with the model that they began with."""
    found = await service.exchange(model.key)
    return model_json(found)
