"""What a wrapped model is told besides the histories, from the command line."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topple.types import UserId

if TYPE_CHECKING:
    from topple.scoring.recommender import Recommender


def told_of(
    recommender: "Recommender", users: Iterable[UserId], file: Path | None, text: str | None, *, nobody: bool
) -> Mapping[UserId, Any]:
    """Return what the model is told of each user besides the history, by user.

    Args:
        recommender: the model.
        users: who is asked about.
        file: a JSON file, of --contexts.
        text: JSON for one user, of --context.
        nobody: whether that is one history of nobody's.

    Raises:
        QueryError: what cannot be read, contexts for a model that is told none, or none for one that is.
    """
    from topple.api.asking import contexts_of
    from topple.api.faces import parsing

    names = list(users)
    told = parsing.contexts_of(names, file, text)
    if not nobody:
        return contexts_of(recommender, told)
    one = contexts_of(recommender, None, (told or {}).get(names[0]), single=True)
    return {names[0]: one.get("")}
