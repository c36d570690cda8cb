"""The lists that were really shown, from a file: whose they are, and what is asked about them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from topple.cli.shared.limiting import Limiting
from topple.errors import QueryError
from topple.types import ItemId, UserId

if TYPE_CHECKING:
    from topple.records.answer import Explanation
    from topple.records.question import Query, Request
    from topple.scoring.recommender import Recommender

Lists = Mapping[str, Sequence[ItemId]]
"""By user id as text, the list that was shown, as the file has it."""


def read_shown(file: Path | None, rank: str, limiting: Limiting, targets: Sequence[str] | None) -> Lists | None:
    """Read the lists of a file; None where there is no file.

    Raises:
        QueryError: targets are given too.
    """
    from topple.data.ranked import read_lists

    if file is None:
        return None
    if targets:
        raise QueryError("--target and --shown both say what is explained. Give one of the two.")
    return {str(user): items for user, items in read_lists(file, rank=rank, **limiting.columns).items()}


def users_shown(lists: Lists, users: Sequence[str] | None, limit: int | None) -> list[str]:
    """Return whose lists are explained: the users that a person chose, or the first of the file, at most so many.

    Raises:
        QueryError: a user of whom the file holds no list.
    """
    missing = [user for user in users or () if user not in lists]
    if missing:
        raise QueryError(
            f"no list was shown to user {missing[0]!r}: the file holds lists of {len(lists):,} users, such as {next(iter(lists))!r}. "
            "Choose one of them, or leave --shown out."
        )
    return list(users or lists)[: None if users else limit]


def queries_of(
    recommender: "Recommender",
    requests: "Sequence[Request]",
    lists: Lists | None,
    targets: Sequence[ItemId] | None,
    k: int | None,
    *,
    nobody: bool,
) -> "tuple[list[Query], dict[UserId, tuple[ItemId, ...]] | None]":
    """Return the queries of requests, and the list that was shown to each user, with ids as the model knows them.

    Args:
        recommender: what recommends.
        requests: one a user.
        lists: that were shown; None: the queries are about the targets, or about the model's lists.
        targets: the items to explain.
        k: length of the model's lists; None: that of the list that was shown.
        nobody: whether the one history is nobody's: its list is the only one of the file.

    Raises:
        QueryError: several lists for a history of nobody's, or a list that holds an item twice.
    """
    from topple.api.answers.asked import queries_about
    from topple.api.answers.beside import asked_about_shown
    from topple.api.faces.parsing import as_known

    if lists is None:
        return queries_about(recommender, requests, targets), None
    if nobody and len(lists) != 1:
        raise QueryError(
            f"--shown holds the lists of {len(lists):,} users, and --history is nobody's. Give a file with one list, or --user."
        )
    users = [request.user for request in requests if request.user is not None]
    listed = {user: next(iter(lists.values())) if nobody else lists[str(user)] for user in users}
    shown = {user: as_known(items, recommender.catalogue.vocabulary) for user, items in listed.items()}
    asked = asked_about_shown(requests, shown, k, single=False)
    return [query for each in asked for query in each.queries or ()], shown


def told_of_shown(explained: "Sequence[Explanation]", file: Path) -> str:
    """Say how many of the lists that were shown are the model's."""
    is_models = {each.query.user: each.shown_is_models for each in explained}
    same, total = sum(found is True for found in is_models.values()), len(is_models)
    why = "" if same == total else f" Why the others differ: topple agree --shown {file}"
    lists = "list that was shown" if total == 1 else "lists that were shown"
    return f"{same:,} of {total:,} {lists} {'is' if 1 in (same, total) else 'are'} the model's.{why}"
