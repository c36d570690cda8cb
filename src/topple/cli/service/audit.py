"""`topple audit`: the explanations that were given: list, show, verify, export, erase, prune, and the head to deposit."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topple.cli.service.entries import entries_table, facts_table
from topple.cli.shared.options import Json, Overwrite, plainly
from topple.cli.shared.showing import console, show_json
from topple.errors import QueryError, counted, shown

if TYPE_CHECKING:
    from topple.audit import AuditStore

app = typer.Typer(help="The audit store: explanations that were given.", no_args_is_help=True)


class Kind(StrEnum):
    """What a user id is."""

    NUMBER = "number"
    TEXT = "text"


Store = Annotated[
    str,
    typer.Option(
        "--store", "-s", help="File or address of the audit store.", envvar=["TOPPLE_AUDIT_STORE", "TOPPLE_SERVE_AUDIT"]
    ),
]
Keys = Annotated[
    Path,
    typer.Option(
        help="File of the keys of the audit store, made by `topple audit keys`.",
        envvar=["TOPPLE_AUDIT_KEYS", "TOPPLE_SERVE_AUDIT_KEYS"],
    ),
]
User = Annotated[str | None, typer.Option("--user", "-u", help="Entries of this user id.")]
UserKind = Annotated[
    Kind | None, typer.Option(help="Whether --user is a number or a text, where the store has entries of both.")
]
Since = Annotated[str | None, typer.Option(help="Stored at this time or later, such as 2026-01-31 (UTC).")]
Before = Annotated[str | None, typer.Option(help="Stored before this time.")]
Item = Annotated[str | None, typer.Option(help="Entries that explain or name this item id.")]
Model = Annotated[str | None, typer.Option(help="Entries of this model, by identity.")]
Scope = Annotated[
    str | None, typer.Option(help="Entries that were given to this scope, such as the name of an API key.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before anything is deleted.")]


@app.command("list")
@plainly
def list_(
    store: Store,
    keys: Keys,
    user: User = None,
    user_kind: UserKind = None,
    since: Since = None,
    before: Before = None,
    item: Item = None,
    model: Model = None,
    scope: Scope = None,
    limit: Annotated[int, typer.Option(min=1, help="Most entries.")] = 50,
    json: Json = False,
) -> None:
    """List entries, the newest first.

    Example: topple audit list --store audit.sqlite --keys audit.keys --user 42
    """
    with _opened(store, keys) as opened:
        who, times = _user(opened, user, user_kind), {"since": since, "before": before}
        found = list(
            opened.entries(**times, user=who, item=item, model=model, scope=scope, newest_first=True, limit=limit)
        )
    if json:
        show_json({"entries": [entry.as_json() for entry in found]})
        return
    if not found:
        console().print("No entry is like that.")
        return
    console().print(entries_table(found))


@app.command()
@plainly
def show(
    id: Annotated[str, typer.Argument(help="The id of an entry.")],
    store: Store,
    keys: Keys,
    canonical: Annotated[
        bool, typer.Option("--canonical", help="Print the canonical JSON of the explanation, to be compared as a text.")
    ] = False,
    user: Annotated[str | None, typer.Option("--user", "-u", help="The user id that --canonical is to hold.")] = None,
    user_kind: UserKind = None,
    json: Json = False,
) -> None:
    """Show one entry, held against the link that signs it. Exit code 1: it was changed.

    Example: topple audit show 0c51e1ce1bbbbd61d59d7b9cfbbfc2a4 --store audit.sqlite --keys audit.keys
    """
    with _opened(store, keys) as opened:
        entry = opened.show(id)
        if canonical:
            typer.echo(entry.canonical_json(_user(opened, user, user_kind)))
        elif json:
            show_json(entry.as_json())
        else:
            console().print(facts_table(entry))
    if not entry.intact:
        console().print("This entry is not as it was signed: it was changed.", style="bold red")
        raise typer.Exit(1)


@app.command()
@plainly
def verify(
    store: Store,
    keys: Keys,
    head: Annotated[
        str | None,
        typer.Option(help="What `topple audit head` printed earlier, or a file that holds it, kept elsewhere."),
    ] = None,
    json: Json = False,
) -> None:
    """Check every link, entry and mark. Exit code 1: the store is not as it was written.

    Without --head nobody can tell whether the end was cut off, or the whole store is an older copy.

    Example: topple audit verify --store audit.sqlite --keys audit.keys --head deposited.txt
    """
    deposited = None if head is None else _head_of(head)
    with _opened(store, keys) as opened:
        report = opened.verify(deposited)
    if json:
        show_json(report.as_json())
    else:
        for line in report.sentences():
            console().print(line, markup=False, soft_wrap=True)
    if not report.ok:
        raise typer.Exit(1)


@app.command()
@plainly
def export(
    store: Store,
    keys: Keys,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write, JSON Lines: an entry a line.")],
    user: User = None,
    user_kind: UserKind = None,
    since: Since = None,
    before: Before = None,
    item: Item = None,
    model: Model = None,
    scope: Scope = None,
    overwrite: Overwrite = False,
) -> None:
    """Write entries to a file, all or those of a user: what a person may ask for.

    Example: topple audit export --store audit.sqlite --keys audit.keys --user 42 --out user-42.jsonl
    """
    with _opened(store, keys) as opened:
        who, times = _user(opened, user, user_kind), {"since": since, "before": before}
        written = opened.export(out, overwrite=overwrite, **times, user=who, item=item, model=model, scope=scope)
    console().print(f"{counted(written, 'entry', 'entries')} written to {out}", markup=False, soft_wrap=True)


@app.command()
@plainly
def erase(
    store: Store,
    keys: Keys,
    user: Annotated[str, typer.Option("--user", "-u", help="The user id.")],
    user_kind: UserKind = None,
    yes: Yes = False,
) -> None:
    """Delete what the store holds of a user; the chain still verifies, and says which entries were erased.

    Example: topple audit erase --store audit.sqlite --keys audit.keys --user 42
    """
    with _opened(store, keys) as opened:
        found = _user(opened, user, user_kind)
        count = sum(1 for _ in opened.entries(user=found))
        if count and not yes:
            typer.confirm(f"Delete {counted(count, 'entry', 'entries')} of user {shown(found)} for good?", abort=True)
        erased = opened.erase(found)
    told = f"{counted(erased, 'entry', 'entries')} of user {shown(found)} erased."
    console().print(f"{told} Copies of the store are left as they are: erase there too.", markup=False, soft_wrap=True)


@app.command()
@plainly
def prune(
    store: Store,
    keys: Keys,
    before: Annotated[str, typer.Option(help="Delete what was stored before this time, such as 2026-01-31 (UTC).")],
    yes: Yes = False,
) -> None:
    """Delete entries by age; a signed mark says where the chain now begins. Deposit a new head afterwards.

    Example: topple audit prune --store audit.sqlite --keys audit.keys --before 2025-01-31
    """
    with _opened(store, keys) as opened:
        if not yes:
            typer.confirm(f"Delete all that was stored before {before} for good?", abort=True)
        pruned = opened.prune(before)
        head = opened.head()
    console().print(f"{counted(pruned, 'link')} pruned. The head to deposit:")
    typer.echo(head)


@app.command()
@plainly
def head(store: Store, keys: Keys) -> None:
    """Print the line to deposit elsewhere; `topple audit verify --head` later tells with it whether the end was cut off.

    Example: topple audit head --store audit.sqlite --keys audit.keys > deposited.txt
    """
    with _opened(store, keys) as opened:
        typer.echo(opened.head())


@app.command("keys")
@plainly
def keys_(
    path: Annotated[Path, typer.Argument(help="The file of keys, outside the store and its copies.")],
    rotate: Annotated[bool, typer.Option("--rotate", help="Add a new key to the file; older ones stay.")] = False,
) -> None:
    """Make a file with a new key, or add one to it: links and pseudonyms are made with the newest.

    Example: topple audit keys audit.keys
    """
    from topple.audit import AuditKeys

    made = AuditKeys.rotate(path) if rotate else AuditKeys.create(path)
    told = "Keep a copy apart from the store: without it nothing can be verified."
    console().print(f"{path} holds {counted(len(made.keys), 'key')}. {told}", markup=False, soft_wrap=True)


def _opened(store: str, keys: Path) -> "AuditStore":
    """Open a store that is there, whatever was done to it: `verify` tells."""
    from topple.audit import AuditKeys, AuditStore

    return AuditStore.open(store, AuditKeys.read(keys), create=False, check=False)


def _user(store: "AuditStore", text: str | None, kind: Kind | None) -> Any:
    """Return the user id that a person means; None where none is given.

    Raises:
        QueryError: the store has entries of a number and of a text that are written so.
    """
    if text is None:
        return None
    meant = [each for each in store.meant(text) if kind is None or isinstance(each, int) == (kind is Kind.NUMBER)]
    if len(meant) > 1:
        raise QueryError(
            f"the store has entries of the user {text} as a number and as a text. Add --user-kind number or text."
        )
    return meant[0] if meant else text


def _head_of(given: str) -> str:
    """Return a head that is given as a line, or as a file that holds it."""
    from topple.inputs import is_file, read_text

    return read_text(given).strip() if is_file(given) else given
