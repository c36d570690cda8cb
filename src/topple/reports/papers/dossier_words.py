"""What a dossier says in sentences, to the person whose data it is about."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topple.errors import counted
from topple.records.answer import Explanation, Status
from topple.records.question import CandidateRule
from topple.reports.papers.cells import marked
from topple.types import Id, ItemId

MOST_NAMED = 12
"""Titles in a sentence at most."""
WITHOUT = "Without an item means in this paper: your history is edited, and the model scores it as it is. "
NOT_FITTED = f"{WITHOUT}The model was not trained again without these items, and one that is trained without them might list other things."
NOT_TRAINED_ON = (
    f"{WITHOUT}The model was not trained on your history, which was only given to it to ask for the list. Training the model again "
    "without your data would change nothing."
)
SHOWN = (
    "That the sets that are named are true: the whole catalogue was ranked again without them, and the recommendation was out "
    "of the list.",
    "What of the sets is proven, where it says proven: that no smaller set would do, or that none does it at all.",
    "Which single items of your history, taken out alone, change the list.",
)
NOT_SHOWN = (
    "Why you did what your history holds, and whether the recommendations are good, fair or lawful.",
    "All sets: one is named for each recommendation, and others may do as well. An item that is not named may still raise the "
    "recommendation.",
    "How the scores come about inside the model, and what of other people's data it learned from.",
)
NOT_GIVEN = "Which explanations you were given before: no audit store was asked."
RULES = {
    CandidateRule.UNSEEN_BEFORE.value: "items of the history are not listed, also where they are taken out of it",
    CandidateRule.UNSEEN_AFTER.value: "items of the history are not listed, unless they are taken out of it",
    CandidateRule.ALL.value: "items of the history may be listed too",
}


@dataclass(frozen=True)
class KnownTitles:
    """Tells the titles that a dossier holds."""

    known: Mapping[Id, str]

    @classmethod
    def of(cls, told: Mapping[str, Any], explanations: Sequence[Explanation]) -> "KnownTitles":
        """Collect the titles of a dossier."""
        named = [*told["history"], *told["listed"], *(told["shown"] or ())]
        for answer, explanation in zip(told["answers"], explanations, strict=True):
            row = answer["explanation"]
            named += [
                *answer["before"],
                *answer["after"],
                {"item": explanation.query.target, "title": row["target_title"]},
            ]
            for items, titles in (("items", "item_titles"), ("replacements", "replacement_titles")):
                named += [
                    {"item": item, "title": title} for item, title in zip(row[items], row[titles] or (), strict=False)
                ]
        return cls({each["item"]: each["title"] for each in named if each["item"] is not None and each["title"]})

    def title(self, item: Id | None) -> str:
        """Return the title of an item, or the id as text where no title is known; no text for None."""
        return "" if item is None else self.known.get(item, str(item))


def short(told: Mapping[str, Any], explanations: Sequence[Explanation], titles: KnownTitles) -> list[str]:
    """Say in a few sentences what the answer is."""
    asked = [each for each in explanations if each.status is not Status.INVALID]
    true = [each for each in asked if each.valid]
    never = [each for each in asked if each.status is Status.IMPOSSIBLE]
    lines = [_listed(told)]
    if told["shown"] is not None:
        lines.append(_was_shown(explanations))
    if true:
        sizes = sorted({len(each.items) for each in true})
        span = counted(sizes[0], "item") if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]} items"
        asked_about = counted(len(explanations), "item that was asked about", "items that were asked about")
        which = f"The {asked_about}" if len(explanations) == 1 else f"Each of the {asked_about}"
        which = which if len(true) == len(explanations) else f"Of the {asked_about}, {len(true)}"
        lines.append(f"{which} would not have been listed without {span} of your history, named below.")
    free = [
        titles.title(each.query.target) for each in never if not each.query.protected and each.query.largest is None
    ]
    if free:
        hang, stay = ("hang", "they are proven") if len(free) > 1 else ("hangs", "it is proven")
        lines.append(
            f"{joined(free)} {hang} on nothing in your history: {stay} to stay in the list, whatever is taken out."
        )
    unsettled = [titles.title(each.query.target) for each in asked if not each.valid and each not in never]
    if unsettled:
        lines.append(
            f"What {joined(unsettled)} hang{'s' * (len(unsettled) == 1)} on was not found, nor is it proven to be nothing."
        )
    refused = [each for each in explanations if each.status is Status.INVALID]
    lines += [could_not(each, titles) for each in refused[:MOST_NAMED]]
    return [*lines, *_alone(told), *_anew(told)]


def _listed(told: Mapping[str, Any]) -> str:
    titles = joined([each["title"] for each in told["listed"]])
    events = counted(len(told["history"]), "event")
    return f"Given the {events} of your history, the model lists {counted(len(told['listed']), 'item')}: {titles}."


def _was_shown(explanations: Sequence[Explanation]) -> str:
    agrees = next((each.shown_is_models for each in explanations if each.shown_is_models is not None), None)
    if agrees:
        return "That is the list that you were shown."
    if agrees is None:
        return "Whether that is the list that you were shown could not be asked."
    return "You were shown another list: this paper is about the items of that list, as the model sees them."


def could_not(explanation: Explanation, titles: KnownTitles) -> str:
    """Say why a recommendation could not be asked about, without advice that is for programmers."""
    title, reason = marked(titles.title(explanation.query.target)), explanation.reason
    if "listed without evidence" in reason:
        return f"{title} is listed though nothing in the history speaks for it: it ties with other items of which the same is true."
    if explanation.rank_before is not None and explanation.rank_before > explanation.query.k:
        return f"{title} is not in the list of {explanation.query.k}: for the model it is at rank {explanation.rank_before:,}."
    return f"{title} could not be asked about: {reason}"


def _alone(told: Mapping[str, Any]) -> list[str]:
    found = told["alone"]
    if found["changes"] is None:
        return []
    same = found["items"] - found["changes"]
    items = counted(found["items"], "item")
    if not found["changes"]:
        return [
            f"No single one of the {items} of your history decides it: without any one of them the same items are listed."
        ]
    if not same:
        return [f"Each of the {items} of your history counts: without any one of them other items would be listed."]
    return [
        f"Of the {items} of your history, {found['changes']:,} would change what is listed if that item alone had not been there; "
        f"without any one of the other {same:,} the same items are listed."
    ]


def _anew(told: Mapping[str, Any]) -> list[str]:
    """Say in a sentence what fitting the model anew came to, where it was tried."""
    tried = [each["retrained"] for each in told["answers"] if each["retrained"]]
    left = sum(each["leaves"] for each in tried)
    sets = counted(len(tried), "recommendation")
    return (
        [f"The model was trained again without the named items: {left:,} of {sets} left the list then too."]
        if tried
        else []
    )


def certainty(explanation: Explanation) -> str:
    """Say in a few words how sure an answer is, for a table."""
    if explanation.status is Status.INVALID:
        return "could not be asked"
    if explanation.status is Status.IMPOSSIBLE:
        return "proven: nothing does it"
    if not explanation.valid:
        return "not settled"
    least = explanation.at_least
    words = {"minimum": "proven smallest", "minimal": "none can be spared", "valid": "true, perhaps not smallest"}
    told = words[str(explanation.proof)]
    if told != words["minimum"] and least is not None and math.isfinite(least) and least > 1:
        told += f"; at least {math.ceil(least)} are needed"
    return told


def fitted(answer: Mapping[str, Any], title: str) -> str:
    """Say what fitting the model anew without a set came to; nothing where it was not tried."""
    told = answer["retrained"]
    if told is None:
        return ""
    leaves = "left the list too" if told["leaves"] else "stayed in the list"
    return (
        f"{marked(title)}: trained again without the named items, the recommendation {leaves}, at rank {told['rank_after']:,} in place of "
        f"{told['rank_before']:,}; trained again with nothing taken out it is at rank {told['rank_with_nothing_removed']:,}."
    )


def retraining(told: Mapping[str, Any], titles: Sequence[str]) -> tuple[list[str], list[str]]:
    """Say whether the model was trained again, and what came of it: what is shown, and what is not."""
    lines = [
        fitted(answer, title) for answer, title in zip(told["answers"], titles, strict=True) if answer["retrained"]
    ]
    if lines:
        return lines, [f"{WITHOUT}Where the model was trained again, this is said."]
    if told["trained_on"] is False:
        return [], [NOT_TRAINED_ON]
    known = "Your history was among the data that the model was trained on." if told["trained_on"] else ""
    unknown = "Whether the model was trained on your history is not known here."
    return [], [NOT_FITTED, known or unknown]


def joined(titles: Sequence[str]) -> str:
    """Return titles in a sentence; of many the first."""
    told = [marked(title) for title in titles]
    if len(titles) > MOST_NAMED:
        return f"{', '.join(told[:MOST_NAMED])} and {len(titles) - MOST_NAMED:,} more"
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}" if told else "nothing"


def items_of(explanation: Explanation) -> tuple[ItemId, ...]:
    """Return the named items of a true set; none of another."""
    return explanation.items if explanation.valid else ()
