"""The words of sentences, by language: a plain mapping, so that a language is added by one more entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from topple.errors import SettingsError
from topple.records.answer import Status
from topple.records.question import Goal


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a language; what stands in braces is filled in.

    Args:
        recommended: begins a sentence: a `target` is recommended.
        because: goes on: because of `items`, in the words of one of the `verbs`.
        verbs: what people did with items, by the English word.
        without_one, without_many: how a set is called after "without", by its size from 1 on; then for any `count`.
        alone_one, alone_many: how a set is called as the subject of a sentence.
        only: the only item of a history after "without", and as the subject.
        effect: what happens without a `set`.
        leaves, enters, nothing_else, nothing_left: effects: the target leaves; an `item` enters; nothing else speaks for the
            target; nothing is left that does.
        stays: what a `set` alone does, of one item and of more, in a list of `k`.
        of: how many items the history has.
        both: a first effect `without`, and a second, of the set `alone`.
        not_found: no set was found that does what is `sought`, for a `reason`.
        sought: what a set is to do, by goal.
        reasons: why no set was found, by status; the reason of the Explanation where there are none.
        claimed_reason: a `reason` that a method of another package claims.
        refuted: a `method` names `items`, but they do not do it, as `where` says.
        still, not_kept: where the target is without a set, and with nothing but a set of one item and of more.
        smaller, cheaper: no smaller, no cheaper set would do.
        costs, needed: between what a set costs; between how many items are needed.
        costs_least, needed_least: what a set that was not found costs, or how many items it has, at least.
        holds_up: what holds the recommendation up most, one item and several.
        claimed: a `name` claims this.
        as_small, as_cheap: other sets follow.
        event, every: a `title` where single events are named: one of the `count` events of the item, by `number`, or all of them.
        last, more: joins the last item of a list; `count` items more.
        invalid: the question could not be asked, for a `reason`.
        not_begun: no target of a list was explained, for a `reason`.
        another_list: the list that was shown is not the model's.
        tied: a `rank` with one other item, and with `count` others.
    """

    recommended: str
    because: str
    verbs: Mapping[str, str]
    without_one: tuple[str, ...]
    without_many: str
    alone_one: tuple[str, ...]
    alone_many: str
    only: tuple[str, str]
    effect: str
    leaves: str
    enters: str
    nothing_else: str
    nothing_left: str
    stays: tuple[str, str]
    of: str
    both: str
    not_found: str
    sought: Mapping[Goal, str]
    refuted: str
    still: str
    not_kept: tuple[str, str]
    smaller: str
    cheaper: str
    costs: str
    needed: str
    costs_least: str
    needed_least: str
    holds_up: tuple[str, str]
    claimed: str
    claimed_reason: str
    as_small: str
    as_cheap: str
    event: str
    every: str
    last: str
    more: str
    invalid: str
    not_begun: str
    another_list: str
    tied: tuple[str, str]
    reasons: Mapping[Status, str] = field(default_factory=dict)

    def verb(self, because: str) -> str:
        """Return the word for what people did.

        Raises:
            SettingsError: a word that is not known.
        """
        if because not in self.verbs:
            raise SettingsError(f"because={because!r:.60} is not one of {', '.join(self.verbs)}. Choose one of these.")
        return self.verbs[because]


_THESE = ("this one", "these two", "these three", "these four", "these five", "these six")

ENGLISH = Words(
    recommended="You are recommended {target}",
    because=" because you {verb} {items}.",
    verbs={word: word for word in ("liked", "bought", "played", "read", "viewed", "watched", "heard", "rated")},
    without_one=_THESE,
    without_many="these {count}",
    alone_one=_THESE,
    alone_many="these {count}",
    only=("your only item", "your only item"),
    effect="Without {set}, {effect}.",
    leaves="it would leave the list",
    enters="{item} would enter the list instead",
    nothing_else="nothing else in your history speaks for it",
    nothing_left="nothing is left to speak for it",
    stays=("{set} alone{of} would keep it in the list of {k}",) * 2,
    of=", of your {count},",
    both="{without}, and {alone}",
    not_found="{recommended}; no set of your items was found {sought}: {reason}{least}.",
    sought={
        Goal.NECESSARY: "without which it would leave",
        Goal.SUFFICIENT: "that alone would keep it",
        Goal.BOTH: "without which it would leave and that alone would keep it",
    },
    refuted="{recommended}. {method} names {items}, but that is not the reason: {where}.",
    still="without {set} it would still be recommended, at rank {rank}",
    not_kept=("for {set} alone it would be at rank {rank} and not recommended",) * 2,
    smaller="No smaller set would do{claimed}.",
    cheaper="No cheaper set would do{claimed}.",
    costs="A set costs between {least:g} and {cost:g}{claimed}.",
    needed="Between {least} and {most} items are needed{claimed}.",
    costs_least="; a set costs at least {least:g}{claimed}",
    needed_least="; at least {least} items are needed{claimed}",
    holds_up=("{items} holds it up most.", "{items} hold it up most."),
    claimed=" (claimed by {name})",
    claimed_reason="claimed by {name}: {reason}",
    as_small="As small: {sets}.",
    as_cheap="As cheap: {sets}.",
    event="{title} (no. {number} of {count})",
    every="{title} (all {count} times)",
    last=" and ",
    more=" and {count} more",
    invalid="This could not be asked: {reason}",
    not_begun="Nothing of this list was explained: {reason}.",
    another_list="The list that was shown is not the model's.",
    tied=("{rank}, tied with 1 other", "{rank}, tied with {count} others"),
)

GERMAN = Words(
    recommended="Ihnen wird {target} empfohlen",
    because=", weil Sie {items} {verb} haben.",
    verbs={
        "liked": "gemocht",
        "bought": "gekauft",
        "played": "gespielt",
        "read": "gelesen",
        "viewed": "angesehen",
        "watched": "gesehen",
        "heard": "gehört",
        "rated": "bewertet",
    },
    without_one=("diesen Titel", "diese zwei Titel", "diese drei Titel", "diese vier Titel", "diese fünf Titel"),
    without_many="diese {count} Titel",
    alone_one=("dieser Titel", "diese zwei Titel", "diese drei Titel", "diese vier Titel", "diese fünf Titel"),
    alone_many="diese {count} Titel",
    only=("Ihren einzigen Titel", "Ihr einziger Titel"),
    effect="Ohne {set} {effect}.",
    leaves="würde die Empfehlung aus der Liste fallen",
    enters="würde stattdessen {item} in die Liste kommen",
    nothing_else="spricht nichts anderes aus Ihrem Verlauf für die Empfehlung",
    nothing_left="bleibt nichts, was für die Empfehlung spricht",
    stays=(
        "{set} allein{of} würde die Empfehlung in der Liste von {k} halten",
        "{set} allein{of} würden die Empfehlung in der Liste von {k} halten",
    ),
    of=" (von Ihren {count})",
    both="{without}, und {alone}",
    not_found="{recommended}; es wurde keine Auswahl Ihrer Titel gefunden, {sought}: {reason}{least}.",
    sought={
        Goal.NECESSARY: "ohne die sie wegfiele",
        Goal.SUFFICIENT: "die allein sie in der Liste hielte",
        Goal.BOTH: "ohne die sie wegfiele und die allein sie in der Liste hielte",
    },
    reasons={
        Status.NOT_FOUND: "das Verfahren fand keine",
        Status.BUDGET_SPENT: "das Budget war aufgebraucht, bevor eine gefunden war",
        Status.IMPOSSIBLE: "bewiesen: keine erlaubte Auswahl genügt",
    },
    refuted="{recommended}. {method} nennt {items}, aber das ist nicht der Grund: {where}.",
    still="ohne {set} stünde die Empfehlung noch auf Rang {rank}",
    not_kept=(
        "{set} allein brächte sie nur auf Rang {rank}, also nicht in die Liste",
        "{set} allein brächten sie nur auf Rang {rank}, also nicht in die Liste",
    ),
    smaller="Keine kleinere Auswahl genügt{claimed}.",
    cheaper="Keine günstigere Auswahl genügt{claimed}.",
    costs="Eine Auswahl kostet zwischen {least:g} und {cost:g}{claimed}.",
    needed="Zwischen {least} und {most} Titel sind nötig{claimed}.",
    costs_least="; eine Auswahl kostet mindestens {least:g}{claimed}",
    needed_least="; mindestens {least} Titel sind nötig{claimed}",
    holds_up=("Am meisten spricht {items} dafür.", "Am meisten sprechen {items} dafür."),
    claimed=" (behauptet von {name})",
    claimed_reason="behauptet von {name}: {reason}",
    as_small="Ebenso klein: {sets}.",
    as_cheap="Ebenso günstig: {sets}.",
    event="{title} (Nr. {number} von {count})",
    every="{title} (alle {count} Male)",
    last=" und ",
    more=" und {count} weitere",
    invalid="Das konnte nicht gefragt werden: {reason}",
    not_begun="Zu dieser Liste wurde nichts erklärt: {reason}.",
    another_list="Die gezeigte Liste ist nicht die des Modells.",
    tied=("{rank}, gleichauf mit einem anderen", "{rank}, gleichauf mit {count} anderen"),
)

LANGUAGES = {"en": ENGLISH, "de": GERMAN}


def words_in(language: str | Words) -> Words:
    """Return the words of a language, by the code of it, or words that are given.

    Raises:
        SettingsError: a code that is not known.
    """
    if isinstance(language, Words):
        return language
    if language not in LANGUAGES:
        raise SettingsError(
            f"language={language!r:.60} is not one of {', '.join(LANGUAGES)}. Choose one of these, or give the Words of another."
        )
    return LANGUAGES[language]
