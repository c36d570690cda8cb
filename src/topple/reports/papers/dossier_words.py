"""What a dossier says in sentences, to the person whose data it is about."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topple.records.answer import Explanation, Status
from topple.records.question import CandidateRule
from topple.reports.papers.cells import marked
from topple.reports.papers.languages import ENGLISH, Language
from topple.types import Id, ItemId

MOST_NAMED = 12
"""Titles in a sentence at most."""
WITHOUT = "Without an item means in this paper: your history is edited, and the model scores it as it is."
NOT_FITTED = (
    "The model was not trained again without these items, and one that is trained without them might list other things."
)
NOT_TRAINED_ON = (
    "The model was not trained on your history, which was only given to it to ask for the list. Training the model again without "
    "your data would change nothing."
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
PROVEN = {"minimum": "proven smallest", "minimal": "none can be spared", "valid": "true, perhaps not smallest"}
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


def short(
    told: Mapping[str, Any], explanations: Sequence[Explanation], titles: KnownTitles, say: Language = ENGLISH
) -> list[str]:
    """Say in a few sentences what the answer is."""
    asked = [each for each in explanations if each.status is not Status.INVALID]
    true = [each for each in asked if each.valid]
    never = [each for each in asked if each.status is Status.IMPOSSIBLE]
    lines = [_listed(told, say)]
    if told["shown"] is not None:
        lines.append(_was_shown(explanations, say))
    if true:
        lines.append(_true(true, len(explanations), say))
    free = [
        titles.title(each.query.target) for each in never if not each.query.protected and each.query.largest is None
    ]
    if free:
        words = (
            "{titles} hang on nothing in your history: they are proven to stay in the list, whatever is taken out."
            if len(free) > 1
            else "{titles} hangs on nothing in your history: it is proven to stay in the list, whatever is taken out."
        )
        lines.append(say(words, titles=joined(free, say)))
    unsettled = [titles.title(each.query.target) for each in asked if not each.valid and each not in never]
    if unsettled:
        words = (
            "What {titles} hang on was not found, nor is it proven to be nothing."
            if len(unsettled) > 1
            else "What {titles} hangs on was not found, nor is it proven to be nothing."
        )
        lines.append(say(words, titles=joined(unsettled, say)))
    refused = [each for each in explanations if each.status is Status.INVALID]
    lines += [could_not(each, titles, say) for each in refused[:MOST_NAMED]]
    return [*lines, *_alone(told, say), *_anew(told, say)]


def _true(true: Sequence[Explanation], asked: int, say: Language) -> str:
    """Say of how many recommendations it is known without what they would not have been listed."""
    sizes = sorted({len(each.items) for each in true})
    span = (
        say.counted(sizes[0], "item")
        if len(sizes) == 1
        else say("{least} to {most} items", least=sizes[0], most=sizes[-1])
    )
    about = say.counted(asked, "item that was asked about", "items that were asked about")
    words = (
        "Of the {about}, {count} would not have been listed without {span} of your history, named below."
        if len(true) < asked
        else "The {about} would not have been listed without {span} of your history, named below."
        if asked == 1
        else "Each of the {about} would not have been listed without {span} of your history, named below."
    )
    return say(words, about=about, count=len(true), span=span)


def _listed(told: Mapping[str, Any], say: Language) -> str:
    return say(
        "Given the {events} of your history, the model lists {items}: {titles}.",
        events=say.counted(len(told["history"]), "event"), items=say.counted(len(told["listed"]), "item"),
        titles=joined([each["title"] for each in told["listed"]], say),
    )  # fmt: skip


def _was_shown(explanations: Sequence[Explanation], say: Language) -> str:
    agrees = next((each.shown_is_models for each in explanations if each.shown_is_models is not None), None)
    if agrees:
        return say("That is the list that you were shown.")
    if agrees is None:
        return say("Whether that is the list that you were shown could not be asked.")
    return say("You were shown another list: this paper is about the items of that list, as the model sees them.")


def could_not(explanation: Explanation, titles: KnownTitles, say: Language = ENGLISH) -> str:
    """Say why a recommendation could not be asked about, without advice that is for programmers."""
    title, reason = marked(titles.title(explanation.query.target)), explanation.reason
    if "listed without evidence" in reason:
        return say(
            "{title} is listed though nothing in the history speaks for it: it ties with other items of which the same is true.",
            title=title,
        )
    if explanation.query.target in explanation.query.history and explanation.query.rule is not CandidateRule.ALL:
        return say("{title} is in your history already, and what is in it is not listed.", title=title)
    if explanation.rank_before is not None and explanation.rank_before > explanation.query.k:
        return say(
            "{title} is not in the list of {k}: for the model it is at rank {rank}.",
            title=title, k=explanation.query.k, rank=explanation.rank_before,
        )  # fmt: skip
    return say("{title} could not be asked about: {reason}", title=title, reason=reason)


def _alone(told: Mapping[str, Any], say: Language = ENGLISH) -> list[str]:
    found = told["alone"]
    if found["changes"] is None:
        return []
    same = found["items"] - found["changes"]
    items = say.counted(found["items"], "item")
    if not found["changes"]:
        return [
            say(
                "No single one of the {items} of your history decides it: without any one of them the same items are listed.",
                items=items,
            )
        ]
    if not same:
        return [
            say(
                "Each of the {items} of your history counts: without any one of them other items would be listed.",
                items=items,
            )
        ]
    return [
        say(
            "Of the {items} of your history, {changes} would change what is listed if that item alone had not been there; without "
            "any one of the other {same} the same items are listed.",
            items=items, changes=found["changes"], same=same,
        )
    ]  # fmt: skip


def _anew(told: Mapping[str, Any], say: Language) -> list[str]:
    """Say in a sentence what fitting the model anew came to, where it was tried."""
    tried = [each["retrained"] for each in told["answers"] if each["retrained"]]
    if not tried:
        return []
    return [
        say(
            "The model was trained again without the named items: {left} of {sets} left the list then too.",
            left=sum(each["leaves"] for each in tried), sets=say.counted(len(tried), "recommendation"),
        )
    ]  # fmt: skip


def certainty(explanation: Explanation, say: Language = ENGLISH) -> str:
    """Say in a few words how sure an answer is, for a table."""
    if explanation.status is Status.INVALID:
        return say("could not be asked")
    if explanation.status is Status.IMPOSSIBLE:
        return say("proven: nothing does it")
    if not explanation.valid:
        return say("not settled")
    least = explanation.at_least
    told = PROVEN[str(explanation.proof)]
    bounded = told != PROVEN["minimum"] and least is not None and math.isfinite(least) and least > 1
    if bounded and least is not None:
        return say("{told}; at least {count} are needed", told=say(told), count=math.ceil(least))
    return say(told)


def fitted(answer: Mapping[str, Any], title: str, say: Language = ENGLISH) -> str:
    """Say what fitting the model anew without a set came to; nothing where it was not tried."""
    told = answer["retrained"]
    if told is None:
        return ""
    words = (
        "{title}: trained again without the named items, the recommendation left the list too, at rank {after} in place of {before}; "
        "trained again with nothing taken out it is at rank {steady}."
        if told["leaves"]
        else "{title}: trained again without the named items, the recommendation stayed in the list, at rank {after} in place of "
        "{before}; trained again with nothing taken out it is at rank {steady}."
    )
    return say(
        words, title=marked(title), after=told["rank_after"], before=told["rank_before"],
        steady=told["rank_with_nothing_removed"],
    )  # fmt: skip


def retraining(told: Mapping[str, Any], titles: Sequence[str], say: Language = ENGLISH) -> tuple[list[str], list[str]]:
    """Say whether the model was trained again, and what came of it: what is shown, and what is not."""
    lines = [
        fitted(answer, title, say) for answer, title in zip(told["answers"], titles, strict=True) if answer["retrained"]
    ]
    without = say(WITHOUT)
    if lines:
        return lines, [f"{without} {say('Where the model was trained again, this is said.')}"]
    if told["trained_on"] is False:
        return [], [f"{without} {say(NOT_TRAINED_ON)}"]
    known = (
        "Your history was among the data that the model was trained on."
        if told["trained_on"]
        else "Whether the model was trained on your history is not known here."
    )
    return [], [f"{without} {say(NOT_FITTED)}", say(known)]


def joined(titles: Sequence[str], say: Language = ENGLISH) -> str:
    """Return titles in a sentence; of many the first."""
    told = [marked(title) for title in titles]
    if len(titles) > MOST_NAMED:
        return say("{titles} and {count} more", titles=", ".join(told[:MOST_NAMED]), count=len(titles) - MOST_NAMED)
    if len(told) > 1:
        return say("{titles} and {last}", titles=", ".join(told[:-1]), last=told[-1])
    return told[0] if told else say("nothing")


def items_of(explanation: Explanation) -> tuple[ItemId, ...]:
    """Return the named items of a true set; none of another."""
    return explanation.items if explanation.valid else ()
