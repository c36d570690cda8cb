"""`topple dossier --replay`: recorded answers asked again; and whose history a command is about."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table
from rich.text import Text

from topple.cli.shared.loading import histories_of, split_of
from topple.cli.shared.showing import console, show_json
from topple.errors import DataError

if TYPE_CHECKING:
    from topple.api.papers.replaying import Replay
    from topple.explainers.base import Explainer
    from topple.records.history import History
    from topple.scoring.recommender import Recommender
    from topple.types import Id

GIVE = "Give the .json that `topple dossier` wrote, or what `topple audit show --json` printed."


@dataclass(frozen=True)
class Person:
    """Whose history it is: a user of the model folder, or nobody's history as it was typed.

    Args:
        model: the model folder.
        user: the id, as typed.
        history: item ids, as typed.
        weights: of these.
        context: what the model is told besides, JSON as typed.
        known: whether items that are not known are refused.
    """

    model: Path
    user: str | None
    history: str | None
    weights: str | None
    context: str | None
    known: bool

    def of(self, recommender: "Recommender") -> "tuple[Id, History]":
        """Return whose history it is, and the history."""
        users = None if self.user is None else [self.user]
        found = histories_of(
            self.model, recommender, users, self.history, None, weights=self.weights, known=self.known
        )  # fmt: skip
        ((who, events),) = found.items()
        return who, events

    @property
    def told(self) -> object:
        """What the model is told besides."""
        from topple.api.faces.parsing import contexts_of

        return (contexts_of(["you"], None, self.context) or {}).get("you")


def asked_again(file: Path, person: Person, recommender: "Recommender", explainer: str, *, json: bool) -> None:
    """Ask the answers of a file again, print what came of it, and end with exit code 1 where one is another."""
    from topple.api.learning.folders import load_explainer
    from topple.api.papers.replaying import replay

    told = _told(file)
    method: Explainer | None = None if explainer == "auto" else load_explainer(explainer, recommender)
    who: Id | None = None
    events: History | None = None
    if person.user is None and person.history is None:
        person = replace(person, user=_user_of(told) if split_of(person.model) is not None else None)
    if person.user is not None or person.history is not None:
        who, events = person.of(recommender)
    found = replay(
        told, recommender, events, user=who if person.history is None else None, context=person.told, explainer=method
    )
    if json:
        show_json(found.as_json())
    else:
        _show(found, given=events is not None)
    if not found.same:
        raise typer.Exit(1)


def _told(file: Path) -> dict[str, Any]:
    """Read the JSON object of a file."""
    from topple.inputs import json_of, read_text

    try:
        told = json_of(read_text(file))
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as JSON: {error}. {GIVE}") from error
    if not isinstance(told, dict):
        raise DataError(f"{file} holds no JSON object. {GIVE}")
    return told


def _user_of(told: dict[str, Any]) -> str | None:
    """Return the user whom a dossier is about; None where the file names none."""
    user = told.get("user") if str(told.get("schema", "")).startswith("topple.dossier/") else None
    return None if user is None else str(user)


def _show(found: "Replay", *, given: bool) -> None:
    screen = console()
    table = Table(title=Text("Identities"))
    for column in ("identity", "recorded", "now", "same"):
        table.add_column(column, overflow="fold")
    for each in found.identities:
        same = "not recorded" if each.same is None else "yes" if each.same else "NO"
        table.add_row(Text(each.name), Text(each.recorded), Text(each.now), same)
    screen.print(table)
    if not given:
        screen.print("The history is that of the file: no other was given.")
    for answer in found.answers:
        head = f"{answer.target}: {'the same answer' if answer.same else 'ANOTHER ANSWER'}"
        screen.print(head, markup=False, soft_wrap=True)
        for other in answer.differences:
            line = f"  {other.field}: {other.recorded!r:.200} then, {other.now!r:.200} now"
            screen.print(line, markup=False, soft_wrap=True)
