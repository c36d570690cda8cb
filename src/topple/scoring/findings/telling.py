"""How a recommender is told at a prompt and in a notebook."""

from typing import Any

from topple.errors import counted
from topple.records.telling.above import by


class Told:
    """Tells a recommender in a line, and as a card; asks the model nothing."""

    def __repr__(self) -> str:
        told = [counted(len(catalogue), "item")] if (catalogue := getattr(self, "catalogue", None)) is not None else []
        size = learned_numbers(self)
        told += [counted(size, "learned number")] if size else []
        told += [f"{name}={value!r:.40}" for name, value in chosen_settings(self).items()]
        return f"<{type(self).__name__} {getattr(self, 'name', '')!r:.60}: {', '.join(told)}>"

    def _repr_html_(self) -> str:
        """Return the card that a notebook shows."""
        return str(by("model_card")(self))


def learned_numbers(recommender: Any) -> int:
    """Return how many numbers a model has learned, as far as its arrays show; 0 where they show none."""
    try:
        return sum(int(array.numel()) for array in recommender.arrays().values())
    except Exception:  # noqa: BLE001 # a text is shown, whatever a class of another package does
        return 0


def chosen_settings(recommender: Any) -> dict[str, Any]:
    """Return the settings of a model that are not their defaults."""
    settings = getattr(recommender, "settings", None)
    return {} if settings is None else dict(settings.model_dump(exclude_defaults=True))
