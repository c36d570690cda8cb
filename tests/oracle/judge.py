"""Judges what an explanation claims against every set that its query allows."""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from tests.oracle.rule import CERTAIN, POSSIBLE, Question

NEARLY_EVERYONE = "recommended to nearly everyone"
WHOLE_HISTORY = "nothing is left to speak for it"


def question(query, history, precision, ids):
    """Return the query in indices."""
    place_of = {item: place for place, item in enumerate(ids)}
    units, costs, sizes = _units(query)
    listed = np.ones(len(ids), dtype=bool)
    if query.candidates is not None:
        listed &= np.array([item in query.candidates for item in ids])
    listed &= np.array([item not in query.exclude for item in ids])
    return Question(
        history=history,
        precision=precision,
        target=place_of[query.target],
        k=query.k,
        rule=str(query.rule),
        goal=str(query.goal),
        units=units,
        costs=costs,
        sizes=sizes,
        largest=query.largest,
        may_be_listed=listed,
        ids=ids,
    )


def _units(query):
    """Return bits, cost in thousandths and size of what may be named: groups whole, nothing protected."""
    grouped = {item: group for group in query.groups for item in group}
    by_event = query.repeats == "events"
    prices, members = dict(query.item_costs), {}
    for event, item in enumerate(query.history):
        key = ("group", grouped[item]) if item in grouped else ("event", event) if by_event else ("item", item)
        members.setdefault(key, []).append(event)
    units, costs, sizes = [], [], []
    for events in members.values():
        items = [query.history[event] for event in events]
        if query.protected.intersection(items):
            continue
        named = items if by_event else set(items)
        units.append(sum(1 << event for event in events))
        costs.append(sum(int(Fraction(str(prices.get(item, 1))) * 1000) for item in named))
        sizes.append(len(named))
    return np.array(units, dtype=int), np.array(costs, dtype=int), np.array(sizes, dtype=int)


@dataclass
class Judgement:
    """What was found about one explanation.

    Args:
        false: claims that do not hold, by kind, each with what is true.
        counts: cases that are worth counting.
    """

    false: list[tuple[str, str]] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)

    def say(self, kind, what):
        """Note a false claim."""
        self.false.append((kind, what))


def judge(explanation, asked: Question):
    """Hold an explanation against the rule."""
    found, status = Judgement(), str(explanation.status)
    found.counts[status] += 1
    if not _askable(found, explanation, asked):
        return found
    if NEARLY_EVERYONE in explanation.reason:
        found.say("reason", f"{explanation.reason!r} of a model that counts nobody")
    if status == "found":
        _judge_set(found, explanation, asked)
    elif status == "impossible":
        _judge_nothing(found, explanation, asked)
    elif asked.cheapest(CERTAIN) is not None:
        found.counts["missed"] += 1
    if status != "found":
        _judge_ranks(found, explanation, asked, 0)
    _judge_at_least(found, explanation, asked)
    return found


def _askable(found, explanation, asked):
    """Tell whether the query can be asked, and note where the explanation says otherwise."""
    full = asked.history.full
    invalid = str(explanation.status) == "invalid"
    few = asked.competing[full].sum() < asked.k or not asked.may_be_listed[asked.target]
    held = asked.rule != "all" and asked.target in asked.history.items
    surely, perhaps = asked.out[:, full]
    if few or held or surely:
        if not invalid:
            found.say("invalid", "the target is not in the list, or too few items compete, and that is not said")
        elif not few and not held and asked.counts[CERTAIN, 0, full] < asked.k:
            found.counts["without evidence"] += 1
            if "evidence" not in explanation.reason:
                found.say("reason", f"the target is listed without evidence, and the reason is {explanation.reason!r}")
        return False
    if invalid and not perhaps:
        found.say("invalid", f"the query can be asked, and is refused: {explanation.reason}")
    elif invalid:
        found.counts["undecided"] += 1
    return not invalid


def named_bits(explanation):
    """Return the bits of the events that an explanation names."""
    named = explanation.positions or [
        event for event, item in enumerate(explanation.query.history) if item in explanation.items
    ]
    return sum(1 << event for event in named)


def _judge_set(found, explanation, asked):
    bits = named_bits(explanation)
    sets, costs = asked.allowed
    which = np.flatnonzero(sets == bits)
    if not bits or not len(which):
        if explanation.proof is not None or not bits:
            found.say("not allowed", "the set is not one that the query allows")
        return
    cost, full = int(costs[which[0]]), asked.history.full
    surely, perhaps = (bool(asked.does(bits, sure)) for sure in (CERTAIN, POSSIBLE))
    if explanation.proof is None:
        if surely:
            found.say("refuted", "the set does it, and re-ranking is said to refute it")
        return
    if not perhaps:
        found.say(
            "valid",
            f"the set does not do it: {asked.counts[CERTAIN, 1, full ^ bits]} items above the target without it",
        )
    if perhaps and not surely:
        found.counts["undecided"] += 1
    _judge_proof(found, explanation, asked, bits, cost)
    _judge_ranks(found, explanation, asked, bits)
    _judge_words(found, explanation, asked, bits)
    _judge_replacements(found, explanation, asked, bits)
    _judge_alternatives(found, explanation, asked, bits, cost)


def _judge_proof(found, explanation, asked, bits, cost):
    proof = str(explanation.proof)
    if proof in ("minimal", "minimum"):
        less = np.array(asked.one_less(bits), dtype=int)
        if len(less) and asked.does(less, CERTAIN).any():
            found.say("minimal", f"{proof} is claimed, and a unit can be given back")
    least = asked.cheapest(CERTAIN)
    if proof == "minimum":
        found.counts["minimum"] += 1
        if least is not None and least[1] < cost:
            found.say(
                "minimum",
                f"a set that costs {least[1] / 1000:g} does it (bits {least[0]:b}), this costs {cost / 1000:g}",
            )
        elif (near := asked.cheapest(POSSIBLE)) is not None and near[1] < cost:
            found.counts["undecided"] += 1
    elif least is not None and least[1] < cost:
        found.counts["larger than needed"] += 1


def _judge_ranks(found, explanation, asked, bits):
    full = asked.history.full
    said = {"before": (explanation.rank_before, full), "after": (explanation.rank_after if bits else None, full ^ bits)}
    said["alone"] = explanation.rank_alone, bits
    for name, (rank, kept) in said.items():
        allowed = sorted(_rank(asked, sure, kept) for sure in (CERTAIN, POSSIBLE))
        if rank is not None and not allowed[0] <= rank <= allowed[1]:
            found.say(f"rank {name}", f"the rank {name} is {rank}, and should be from {allowed[0]} to {allowed[1]}")


def _rank(asked, sure, kept):
    """Return the rank: after what outranks the target, and after the fillers that it ties with where these push it out."""
    above, with_fillers = asked.counts[sure, :, kept]
    return 1 + int(with_fillers if above < asked.k <= with_fillers else above)


def _judge_words(found, explanation, asked, bits):
    """Hold the words about a set that is the whole history against the rule."""
    kept = asked.history.full ^ bits
    perhaps, surely = (
        asked.goal != "sufficient" and asked.counts[sure, 0, kept] < asked.k for sure in (CERTAIN, POSSIBLE)
    )
    found.counts["by fillers alone"] += surely
    said = WHOLE_HISTORY in explanation.reason
    found.counts["whole history"] += said
    if said and not (perhaps and kept == 0):
        found.say("reason", f"{explanation.reason!r}, and other items outrank the target, or something is left")
    if surely and kept == 0 and len(set(asked.history.items)) > 1 and not said:
        found.say(
            "reason",
            f"the set is the whole history, nothing outranks the target, and the reason is {explanation.reason!r}",
        )


def _judge_replacements(found, explanation, asked, bits):
    """A replacement enters the list: it competes, fewer than k are above it, and it was not surely listed before."""
    kept, before = asked.history.scores[asked.history.full ^ bits], asked.history.scores[-1]
    target_before = asked.history.scores[-1, asked.target]
    competing, first = asked.competing[asked.history.full ^ bits], asked.competing[-1]
    for item in map(asked.ids.index, explanation.replacements):
        others = competing & (np.arange(len(kept)) != item)
        above = (kept[others] > kept[item] + asked.eps).sum()
        if not competing[item] or above >= asked.k:
            found.say("replacements", f"item index {item} is named, and does not enter the list")
        level = (before[first] >= before[item] - asked.eps).sum() + (target_before >= before[item] - asked.eps)
        if first[item] and level <= asked.k:
            found.say("replacements", f"item index {item} is named, and was in the list before")


def _judge_alternatives(found, explanation, asked, bits, cost):
    """Each is another allowed set of equal cost that does it; of single events with one item it is not told which they are."""
    sets, costs = asked.allowed
    seen, history = {bits}, explanation.query.history
    for items in explanation.alternatives:
        named = [
            int(each) for each in sets[costs == cost] if _named(history, int(each), explanation.query) == sorted(items)
        ]
        good = [each for each in named if each not in seen and asked.does(each, POSSIBLE)]
        if not good:
            found.say("alternatives", f"{items} is no other set of equal cost that does it")
        seen.update(good[:1])


def _named(history, bits, query):
    items = [item for event, item in enumerate(history) if bits >> event & 1]
    return sorted(items if query.repeats == "events" else set(items))


def _judge_nothing(found, explanation, asked):
    least = asked.cheapest(CERTAIN)
    if least is not None:
        found.say("impossible", f"a set that costs {least[1] / 1000:g} does it (bits {least[0]:b})")
    elif asked.cheapest(POSSIBLE) is not None:
        found.counts["undecided"] += 1


def _judge_at_least(found, explanation, asked):
    said, least = explanation.at_least, asked.cheapest(CERTAIN)
    if said is not None and least is not None and round(said * 1000 if np.isfinite(said) else 1e15) > least[1]:
        found.say("at least", f"at_least={said:g}, and a set that costs {least[1] / 1000:g} does it")
