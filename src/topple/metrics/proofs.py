"""How many answers are proven, and by whom: what methods of other packages claim is counted apart."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from topple import registry
from topple.records.answer import Explanation, Proof, Status


@dataclass(frozen=True)
class Proofs:
    """Proven answers: sets that are minimum, and queries that no set answers.

    Args:
        queries: valid queries.
        minimum: sets that are proven minimum by a method of this library.
        impossible: queries that are proven impossible by a method of this library.
        claimed: both as claimed by methods of other packages, by the method's name.
    """

    queries: int
    minimum: int
    impossible: int
    claimed: Mapping[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """The share of the queries that this library's methods prove; None without queries."""
        return (self.minimum + self.impossible) / self.queries if self.queries else None


def count_proofs(explanations: Iterable[Explanation]) -> Proofs:
    """Count the proven answers among explanations; invalid queries are left out."""
    valid = [each for each in explanations if each.status is not Status.INVALID]
    minimum = [each for each in valid if each.proof is Proof.MINIMUM]
    impossible = [each for each in valid if each.status is Status.IMPOSSIBLE]
    return Proofs(
        queries=len(valid),
        minimum=sum(not claimed_by(each.proof_by) for each in minimum),
        impossible=sum(not claimed_by(each.proof_by) for each in impossible),
        claimed=dict(Counter(each.proof_by for each in (*minimum, *impossible) if claimed_by(each.proof_by))),
    )


def claimed_by(proof_by: str) -> str:
    """Return the method of another package that a proof is by; nothing for a proof of this library."""
    return "" if proof_by in ("", *registry.BUILT_IN["explainers"]) else proof_by
