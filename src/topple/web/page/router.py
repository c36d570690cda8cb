"""The addresses of the page."""

from functools import cache

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

import topple
from topple.reports.templates import templates
from topple.web.page.assets import FOR_GOOD, assets

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page() -> HTMLResponse:
    """Return the page; what it shows is asked for by its script, with the key of the person where the service asks for one."""
    return HTMLResponse(_shell(), headers={"Cache-Control": "no-cache"})


@router.get("/page/{version}/{name}")
async def asset(version: str, name: str) -> Response:
    """Return a file of the page.

    Raises:
        HTTPException: no such file, or one of another version of topple.
    """
    found = assets()
    if version != found.version or name not in found.files:
        raise HTTPException(404, "The page has no such file; load it anew")
    return Response(found.files[name], media_type=found.kind(name), headers={"Cache-Control": FOR_GOOD})


@cache
def _shell() -> str:
    """Return the HTML that every visit begins with: it holds nothing of a model or a user."""
    found = assets()
    return (
        templates("topple.web.page")
        .get_template("page.html")
        .render(at=f"page/{found.version}", version=topple.__version__)
    )
