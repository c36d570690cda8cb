"""Sentences that a person understands."""

import math
from collections.abc import Sequence

from topple.data.vocabulary import Catalogue
from topple.errors import need
from topple.metrics import claimed_by
from topple.records.answer import Explanation, Proof, Status
from topple.records.question import Goal, Repeats
from topple.records.telling.beside import Titles, beside
from topple.reports.words import Words, words_in
from topple.types import ItemId

_NOTHING_SPEAKS, _NOTHING_LEFT = "without these, nothing in ", "nothing is left to speak for it"
"""How the reasons of sets begin that topple by ties alone; no replacement is named for those."""
MOST_NAMED = 12
MOST_HOLD_UP = 3
"""Items that are told of where there is no set, by their attributions."""


def sentence(
    explanation: Explanation,
    catalogue: Catalogue | None = None,
    *,
    because: str = "liked",
    language: str | Words = "en",
    marks: bool = True,
    ranks: bool = True,
) -> str:
    """Return an explanation in words.

    Example: You are recommended *Aliens* (2) because you liked *Alien* and *The Terminator*. Without these two, *Jaws*
    would enter the list instead.

    Args:
        explanation: what is told.
        catalogue: the titles; None for those that came with the explanation.
        because: what the data says that people did: liked, bought, played, read, viewed, watched, heard or rated.
        language: `en` or `de`, or the words of another.
        marks: whether titles stand between asterisks.
        ranks: whether the rank of the recommendation stands behind its title, in brackets.

    Raises:
        SettingsError: a word or a language that is not known.
    """
    need(explanation, Explanation, "explanation", "one of those that explain returned")
    need(catalogue, Catalogue | None, "catalogue", "the catalogue of the model")
    titles = beside(explanation).titles if catalogue is None else catalogue
    return told(explanation, titles, because=because, language=language, mark="*" if marks else "", ranks=ranks)


def told(
    explanation: Explanation,
    titles: Titles,
    *,
    because: str = "liked",
    language: str | Words = "en",
    mark: str = "*",
    ranks: bool = True,
) -> str:
    """Return an explanation in words, titles between marks; the other arguments are those of `sentence`.

    Args:
        explanation: what is told.
        titles: who tells titles.
        because: what the data says that people did.
        language: `en` or `de`, or the words of another.
        mark: what stands before and behind a title.
        ranks: whether the rank of the recommendation stands behind its title, in brackets.
    """
    words = words_in(language)
    return _Sentence(explanation, titles, words, words.verb(because), mark=mark, ranks=ranks).text()


class _Sentence:
    """One sentence in the making; the arguments are those of `told`."""

    def __init__(
        self, explanation: Explanation, titles: Titles, words: Words, verb: str, *, mark: str, ranks: bool
    ) -> None:
        self._explanation, self._query, self._words, self._verb = explanation, explanation.query, words, verb
        self._titles, self._mark, self._ranks = titles, mark, ranks

    def text(self) -> str:
        """Return the sentence, and that the list that was shown is another where it is."""
        another = self._explanation.shown_is_models is False and self._explanation.status is not Status.INVALID
        return f"{self._told()} {self._words.another_list}" if another else self._told()

    def _told(self) -> str:
        """Return the sentence."""
        explanation, query, words = self._explanation, self._query, self._words
        if query.target is None and explanation.status is Status.BUDGET_SPENT:
            return words.not_begun.format(reason=explanation.reason)
        if explanation.status is Status.INVALID:
            return words.invalid.format(reason=explanation.reason)
        rank = f" ({self._rank(explanation.rank_before, before=True)})" if self._ranks else ""
        recommended = words.recommended.format(target=f"{self._title(query.target)}{rank}")
        if explanation.status is not Status.FOUND:
            told = {"sought": words.sought[query.goal], "reason": self._reason(), "least": self._least()}
            return " ".join([words.not_found.format(recommended=recommended, **told), *self._holds_up()])
        items = self._joined(self._named())
        if not explanation.valid:
            method, where = explanation.method, self._where()
            return words.refuted.format(recommended=recommended, method=method, items=items, where=where)
        parts = [recommended + words.because.format(verb=self._verb, items=items), self._effect(), *self._bound()]
        if explanation.alternatives:
            others = "; ".join(self._listed(others) for others in explanation.alternatives)
            parts.append((words.as_cheap if query.item_costs else words.as_small).format(sets=others))
        return " ".join(parts)

    def _holds_up(self) -> list[str]:
        """Say which items hold the recommendation up most, where the method gives numbers for events."""
        numbers, history = self._explanation.attributions, self._query.history
        best = sorted((at for at, number in enumerate(numbers) if number > 0), key=lambda at: -numbers[at])
        items = list(dict.fromkeys(history[at] for at in best))[:MOST_HOLD_UP]
        return [self._words.holds_up[len(items) > 1].format(items=self._listed(items))] if items else []

    def _effect(self) -> str:
        """Say what the set does."""
        explanation, query, words = self._explanation, self._query, self._words
        if query.goal is Goal.SUFFICIENT:
            alone = self._alone(words.of.format(count=len(query.history)))
            return f"{alone[:1].upper()}{alone[1:]}."
        effect = words.leaves
        if explanation.reason.startswith(_NOTHING_SPEAKS):
            effect = words.nothing_else
        elif explanation.reason.startswith(_NOTHING_LEFT):
            effect = words.nothing_left
        elif explanation.replacements:
            effect = words.enters.format(item=self._title(explanation.replacements[0]))
        if query.goal is Goal.BOTH:
            effect = words.both.format(without=effect, alone=self._alone(""))
        return words.effect.format(set=self._set(alone=False), effect=effect)

    def _alone(self, of: str) -> str:
        """Say that the set alone keeps the target in the list."""
        stays = self._words.stays[len(self._explanation.items) > 1]
        return stays.format(set=self._set(alone=True), of=of, k=self._query.k)

    def _set(self, *, alone: bool) -> str:
        """Return how the set is called, as the subject of a sentence or after "without"."""
        words, count = self._words, len(self._explanation.items)
        if len(self._query.history) == count == 1:
            return words.only[alone]
        named, many = (words.alone_one, words.alone_many) if alone else (words.without_one, words.without_many)
        return named[count - 1] if count <= len(named) else many.format(count=count)

    def _bound(self) -> list[str]:
        """Say that no smaller set would do, or how small it might be, and who claims so."""
        explanation, query, words = self._explanation, self._query, self._words
        least, claimed = explanation.at_least, self._claimed()
        if explanation.proof is Proof.MINIMUM:
            telling = len(explanation.items) > 1 or query.item_costs
            no_other = words.cheaper if query.item_costs else words.smaller
            return [no_other.format(claimed=claimed)] if telling else []
        if least is None or not math.isfinite(least):
            return []
        if query.item_costs:
            cost = query.item_cost(explanation.items)
            return [words.costs.format(least=least, cost=cost, claimed=claimed)] if least < cost else []
        fewest, most = math.ceil(least), len(explanation.items)
        return [words.needed.format(least=fewest, most=most, claimed=claimed)] if 1 < fewest < most else []

    def _least(self) -> str:
        """Say what a set that was not found has to have at least."""
        least, words = self._explanation.at_least, self._words
        if least is None or not math.isfinite(least) or least <= 1:
            return ""
        if self._query.item_costs:
            return words.costs_least.format(least=least, claimed=self._claimed())
        return words.needed_least.format(least=math.ceil(least), claimed=self._claimed())

    def _claimed(self) -> str:
        """Name the method of another package that claims a proof, in brackets."""
        claimant = claimed_by(self._explanation.proof_by)
        return self._words.claimed.format(name=claimant) if claimant else ""

    def _reason(self) -> str:
        """Return why there is no set; what a method of another package proves is called a claim."""
        explanation, words = self._explanation, self._words
        reason = words.reasons.get(explanation.status, explanation.reason)
        claimant = claimed_by(explanation.proof_by)
        if not (claimant and explanation.reason.startswith("proven: ")):
            return reason
        return words.claimed_reason.format(name=claimant, reason=reason.partition(": ")[2])

    def _where(self) -> str:
        """Say why a set is not the reason."""
        explanation, query, words = self._explanation, self._query, self._words
        rank = explanation.rank_after
        if explanation.reason.startswith("refused"):
            return explanation.reason
        if query.goal is not Goal.SUFFICIENT and rank is not None and rank <= query.k:
            return words.still.format(set=self._set(alone=False), rank=self._rank(rank, before=False))
        not_kept = words.not_kept[len(explanation.items) > 1]
        return not_kept.format(set=self._set(alone=True), rank=explanation.rank_alone)

    def _rank(self, rank: int | None, *, before: bool) -> str:
        """Return a rank, and with how many others the target has it, where verification has told that in this process."""
        verdict = self._explanation.verdict
        count = 0 if verdict is None else verdict.tied_before if before else verdict.tied_after
        return self._words.tied[count > 1].format(rank=rank, count=count) if count else str(rank)

    def _title(self, item: ItemId | None) -> str:
        return f"{self._mark}{self._titles.title(item)}{self._mark}"

    def _named(self) -> list[str]:
        """Return the titles of the set; where single events are named, with which of the events of the item."""
        explanation, query, words = self._explanation, self._query, self._words
        if query.repeats is not Repeats.EVENTS or len(explanation.positions) != len(explanation.items):
            return [self._title(item) for item in explanation.items]
        titles: dict[str, None] = {}  # each once
        for position in explanation.positions:
            item = query.history[position]
            title, count = self._title(item), query.history.count(item)
            number = query.history[: position + 1].count(item)
            if count > 1 and explanation.items.count(item) == count:
                titles[words.every.format(title=title, count=count)] = None
            else:
                titles[title if count == 1 else words.event.format(title=title, number=number, count=count)] = None
        return list(titles)

    def _listed(self, items: Sequence[ItemId]) -> str:
        return self._joined([self._title(item) for item in items])

    def _joined(self, titles: list[str]) -> str:
        if not titles:  # of a file that says found and names nothing
            return "-"
        if len(titles) > MOST_NAMED:
            return ", ".join(titles[:MOST_NAMED]) + self._words.more.format(count=len(titles) - MOST_NAMED)
        return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])}{self._words.last}{titles[-1]}"
