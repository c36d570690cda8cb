"""What an answer is for; how much it may then cost is in `topple.api.effort`."""

from enum import StrEnum


class Effort(StrEnum):
    """What an answer is for."""

    INSTANT = "instant"
    """For a page: a true set, minimal wherever 500 scored histories last for it, and no proof."""
    BALANCED = "balanced"
    """For a report: a proof too, where it does not cost much."""
    PROOF = "proof"
    """For a paper: ten times the work for a proof."""
