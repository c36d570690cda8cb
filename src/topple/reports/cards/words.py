"""The words of cards and pictures, by language; those of sentences are in `reports/words`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from topple.errors import SettingsError
from topple.records.answer import Proof, Status
from topple.records.question import Goal


@dataclass(frozen=True, slots=True)
class CardWords:
    """The words of a language; what stands in braces is filled in.

    Args:
        user, nobody: whose history it is.
        today: heads the list of `k` of the whole history.
        then: heads the list of the changed history, by goal, of one item and of more.
        still: heads the list after a set that is refuted.
        enters, leaves, target: marks behind titles: of an item that comes in, of one that goes out, of the recommendation.
        from_rank, to_rank: an item has another `rank` in the other list.
        left_out: between ranks: those from `first` to `last` are not shown; `one` of one rank.
        named: heads the named items, by goal; `count` of `of` events of the history.
        counted_on: heads the attributions.
        higher: what an attribution means.
        more: items that are not shown.
        proven: what was checked of a set, by proof, and with costs in place of `proven[Proof.MINIMUM]` `cheapest`.
        refuted: of a set that is not true.
        ended: how a query without a set ended, by status.
        claimed: a proof is claimed by the method `name` of another package.
        at_least: no set of fewer than `count` items does it.
        work: `scored` histories, and `seconds` as text, by `method`.
        legend: what lines of a picture mean: the recommendation, an item that leaves, one that enters, one that stays.
        unknown: an answer was read from a file, without the model: no whole lists.
        summary: heads a table of `count` explanations.
        columns: heads the columns of that table: user, rank, recommendation, named items, rank then, what is proven.
        removed: "Removed" means this.
        checked: what is proven, or how a query ended, in that table, by the English words; those that are not here stay as they are.
    """

    user: str
    nobody: str
    today: str
    then: Mapping[Goal, tuple[str, str]]
    enters: str
    leaves: str
    target: str
    from_rank: str
    to_rank: str
    left_out: str
    one_left_out: str
    named: Mapping[Goal, str]
    counted_on: str
    higher: str
    more: str
    proven: Mapping[Proof, str]
    cheapest: str
    refuted: str
    ended: Mapping[Status, str]
    claimed: str
    at_least: str
    work: str
    legend: tuple[str, str, str, str]
    unknown: str
    summary: str
    columns: tuple[str, str, str, str, str, str]
    removed: str
    checked: Mapping[str, str] = field(default_factory=dict)


ENGLISH = CardWords(
    user="user {user}",
    nobody="a history",
    today="top {k} today",
    then={
        Goal.NECESSARY: ("top {k} without it", "top {k} without them"),
        Goal.SUFFICIENT: ("top {k} with it alone", "top {k} with them alone"),
        Goal.BOTH: ("top {k} without it", "top {k} without them"),
    },
    enters="enters",
    leaves="leaves",
    target="the recommendation",
    from_rank="was {rank}",
    to_rank="then {rank}",
    left_out="ranks {first} to {last} are not shown",
    one_left_out="rank {first} is not shown",
    named={
        Goal.NECESSARY: "Without {count} of {of} events of the history it leaves the list:",
        Goal.SUFFICIENT: "{count} of {of} events of the history keep it in the list by themselves:",
        Goal.BOTH: "Without {count} of {of} events of the history it leaves the list, and they keep it there by themselves:",
    },
    counted_on="What each event counts for",
    higher="higher holds the recommendation up",
    more="and {count} more",
    proven={
        Proof.VALID: "True when all items are ranked again. Not minimal: fewer of these may do.",
        Proof.MINIMAL: "True when all items are ranked again, and none of these can be spared. Whether another, smaller "
        "set would do is not known.",
        Proof.MINIMUM: "True when all items are ranked again, and proven: no smaller set would do.",
    },
    cheapest="True when all items are ranked again, and proven: no cheaper set would do.",
    refuted="Not true: when all items are ranked again, these are not the reason.",
    ended={
        Status.NOT_FOUND: "No set was found; that none exists is not proven.",
        Status.BUDGET_SPENT: "No set was found before the budget was spent.",
        Status.IMPOSSIBLE: "Proven: no allowed set does it.",
        Status.INVALID: "This could not be asked.",
    },
    claimed=" (claimed by {name})",
    at_least=" Proven: at least {count} are needed.",
    work="{method}; {scored} scored histories; {seconds}",
    legend=("the recommendation", "leaves the list", "enters the list", "stays in the list"),
    unknown="The whole lists need the model: topple.card(explanation, model).",
    summary="{count} explanations",
    columns=("user", "rank", "recommended", "because of", "rank then", "checked"),
    removed="Without an item means: the history is edited, and the model scores it as it is.",
)

GERMAN = CardWords(
    user="Nutzer {user}",
    nobody="ein Verlauf",
    today="die {k} Besten heute",
    then={
        Goal.NECESSARY: ("die {k} Besten ohne diesen", "die {k} Besten ohne diese"),
        Goal.SUFFICIENT: ("die {k} Besten mit diesem allein", "die {k} Besten mit diesen allein"),
        Goal.BOTH: ("die {k} Besten ohne diesen", "die {k} Besten ohne diese"),
    },
    enters="kommt hinzu",
    leaves="fällt heraus",
    target="die Empfehlung",
    from_rank="vorher {rank}",
    to_rank="dann {rank}",
    left_out="Ränge {first} bis {last} ausgelassen",
    one_left_out="Rang {first} ausgelassen",
    named={
        Goal.NECESSARY: "Ohne {count} von {of} Ereignissen des Verlaufs fällt die Empfehlung heraus:",
        Goal.SUFFICIENT: "{count} von {of} Ereignissen des Verlaufs halten die Empfehlung allein in der Liste:",
        Goal.BOTH: "Ohne {count} von {of} Ereignissen des Verlaufs fällt die Empfehlung heraus, und sie allein halten sie in der Liste:",
    },
    counted_on="Was jedes Ereignis beiträgt",
    higher="höher: stützt die Empfehlung",
    more="und {count} weitere",
    proven={
        Proof.VALID: "Bestätigt, als alles neu gereiht wurde. Nicht minimal: vielleicht genügen weniger davon.",
        Proof.MINIMAL: "Bestätigt, als alles neu gereiht wurde, und keiner davon ist entbehrlich. Ob eine andere, kleinere Auswahl "
        "genügt, ist nicht bekannt.",
        Proof.MINIMUM: "Bestätigt, als alles neu gereiht wurde, und bewiesen: keine kleinere Auswahl genügt.",
    },
    cheapest="Bestätigt, als alles neu gereiht wurde, und bewiesen: keine günstigere Auswahl genügt.",
    refuted="Nicht bestätigt: als alles neu gereiht wurde, war dies nicht der Grund.",
    ended={
        Status.NOT_FOUND: "Keine Auswahl gefunden; dass es keine gibt, ist nicht bewiesen.",
        Status.BUDGET_SPENT: "Keine Auswahl gefunden, bevor das Budget aufgebraucht war.",
        Status.IMPOSSIBLE: "Bewiesen: keine erlaubte Auswahl genügt.",
        Status.INVALID: "Das konnte nicht gefragt werden.",
    },
    claimed=" (behauptet von {name})",
    at_least=" Bewiesen: mindestens {count} sind nötig.",
    work="{method}; {scored} bewertete Verläufe; {seconds}",
    legend=("die Empfehlung", "fällt aus der Liste", "kommt in die Liste", "bleibt in der Liste"),
    unknown="Für die ganzen Listen wird das Modell gebraucht: topple.card(explanation, model).",
    summary="{count} Erklärungen",
    columns=("Nutzer", "Rang", "empfohlen", "wegen", "Rang dann", "geprüft"),
    removed="Ohne einen Titel heißt: der Verlauf wird geändert, und das Modell bewertet ihn, wie es ist.",
    checked={
        "valid": "wahr",
        "minimal": "minimal",
        "minimum": "kleinste",
        "refuted": "widerlegt",
        "not found": "nichts gefunden",
        "budget spent": "Budget verbraucht",
        "impossible": "unmöglich",
        "invalid": "ungültig",
    },
)

LANGUAGES = {"en": ENGLISH, "de": GERMAN}


def card_words(language: str) -> CardWords:
    """Return the words of a language, by the code of it.

    Raises:
        SettingsError: a code that is not known.
    """
    if language not in LANGUAGES:
        raise SettingsError(f"language={language!r:.60} is not one of {', '.join(LANGUAGES)}. Choose one of these.")
    return LANGUAGES[language]
