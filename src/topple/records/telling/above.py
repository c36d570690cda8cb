"""What records hand over to folders that stand above them: frames, titles and cards; each is loaded when it is first asked for."""

import importlib
from typing import Any

BY = {
    "as_dict": "topple.reports.records:as_dict",
    "frame": "topple.reports.frames:frame",
    "card": "topple.api.faces.showing:card",
    "evaluation_card": "topple.reports.cards.summaries:evaluation_card",
    "model_card": "topple.reports.cards.summaries:model_card",
    "split_card": "topple.reports.cards.summaries:split_card",
}
"""Name to "module:function", as in the registry: what makes something of a record knows more than the record does."""


def by(name: str) -> Any:
    """Return the function that does for a record what the record cannot do by itself."""
    module, _, function = BY[name].partition(":")
    return getattr(importlib.import_module(module), function)
