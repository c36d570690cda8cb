"""What a check of an audit store found."""

from dataclasses import dataclass

from topple.errors import counted
from topple.types import JsonObject


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was checked, and every way in which the store is not as it was written.

    Args:
        links: links that were looked at.
        entries: explanations that are there, each as it was written where there are no problems.
        erased: explanations whose bodies were erased; the links are there.
        first: the number of the last link that was pruned; 0 where none was.
        last: the number of the last link.
        head: the line to deposit elsewhere; nothing where the end of the chain does not verify.
        deposited: the head that the store was held against; nothing where none was given.
        problems: what is wrong, in words; the first hundred.
        found: how many problems there are.
    """

    links: int
    entries: int
    erased: int
    first: int
    last: int
    head: str
    deposited: str
    problems: tuple[str, ...]
    found: int

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.found == 0

    def sentences(self) -> list[str]:
        """Return what was found, for people."""
        told = [
            f"{counted(self.links, 'link')} checked: {counted(self.entries, 'entry', 'entries')}, {self.erased:,} erased"
            + (f"; the {self.first:,} before them were pruned." if self.first else ".")
        ]
        told += self.problems
        if self.found > len(self.problems):
            told.append(f"... and {self.found - len(self.problems):,} more.")
        if not self.ok:
            return told
        told.append("Nothing that is there was changed, and nothing within the chain is missing.")
        told.append(
            f"The deposited head is in the chain: nothing up to number {self.last:,} was cut off."
            if self.deposited
            else "Without a deposited head nobody can tell whether the end was cut off, or this is an older copy: give --head."
        )
        return told

    def as_json(self) -> JsonObject:
        """Return the report as a JSON object."""
        return {
            "ok": self.ok, "links": self.links, "entries": self.entries, "erased": self.erased, "pruned_through": self.first,
            "last": self.last, "head": self.head, "deposited": self.deposited, "problems": list(self.problems),
            "problems_found": self.found,
        }  # fmt: skip
