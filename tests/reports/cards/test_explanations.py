import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import topple
from topple import Explanation, Proof, Query, Status
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.reports.cards.explanations import explanation_card, explanations_card
from topple.testing import film_recommender

ODD = [
    "<script>alert(1)</script>",
    "\"quoted\" & 'single'",
    "\x1b[31mred\nnew line\u202e",
    "{{ 7 * 7 }}",
    "*stars*",
    "<b onclick=x>",
]
IDS = ["target", "one", "two", "stays", "new", "gone"]
CATALOGUE = Catalogue(Vocabulary(IDS), tuple(ODD))
LISTS = (("target", "stays", "gone"), ("stays", "new", "two"))


def explanation(**fields):
    told = {
        **{
            "status": Status.FOUND,
            "items": ("one",),
            "positions": (0,),
            "replacements": ("new",),
            "rank_before": 1,
            "rank_after": 6,
        },
        **{
            "proof": Proof.MINIMUM,
            "at_least": 1.0,
            "proof_by": "exact",
            "cost": 1234,
            "seconds": 0.0123,
            "method": "auto",
        },
    }
    return Explanation(Query(("one", "two"), "target", k=3, user="<user>"), **told | fields)


class Reader(HTMLParser):
    """Collects tags, attributes and texts, and refuses tags that are not closed in order."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


def read(html):
    reader = Reader()
    reader.feed(str(html))
    reader.close()
    assert not reader.open
    return reader


def text(html):
    return re.sub(r"\s+", " ", " ".join(read(html).texts))


def test_a_card_says_lists_items_proof_and_cost():
    told = text(explanation_card(explanation(), film_titles(), LISTS))
    for part in (
        *("user <user>", "top 3 today", "top 3 without it", "target – leaves", "stays – then 1", "gone – leaves"),
        *("stays – was 2", "new – enters", "ranks 4 to 5 are not shown", "target – the recommendation"),
        *(
            "Without 1 of 2 events of the history it leaves the list:",
            "no smaller set would do",
            "auto; 1,234 scored histories; 12.3 ms",
        ),
    ):
        assert part in told, (part, told)


def film_titles():
    return Catalogue(Vocabulary(IDS), tuple(IDS))


def test_text_stays_text():
    one = explanation(attributions=(0.5, -0.25), attribution_errors=(0.1, 0.2))
    for html in (
        explanation_card(one, CATALOGUE, LISTS),
        explanations_card([one], [CATALOGUE], [LISTS], total=1),
        explanation_card(one, CATALOGUE, LISTS).page(),
    ):
        found = read(getattr(html, "page", lambda html=html: html)())
        assert not {"script", "b", "iframe", "img", "link", "object"} & set(found.tags)
        assert not [name for name, _ in found.attributes if name.startswith("on") or name in ("src", "href")]
        told = " ".join(found.texts)
        assert "<script>alert(1)</script>" in told
        assert "{{ 7 * 7 }}" in told
        assert "\\x1b[31mred" in told
        assert "\x1b" not in told
        assert "\u202e" not in told


def test_the_reason_of_an_answer_is_text_too():
    told = explanation_card(
        explanation(status=Status.INVALID, items=(), positions=(), proof=None, reason="<script>1</script>\x1f\x00"),
        CATALOGUE,
        None,
    )
    assert "script" not in read(told).tags
    assert "<script>1</script>" in text(told)
    assert not set("\x1f\x00") & set(told)


def test_attributions_are_bars_with_errors_and_signs():
    one = explanation(attributions=(0.5, -0.25), attribution_errors=(0.125, float("nan")))
    html = explanation_card(one, film_titles(), LISTS)
    assert "0.5 ± 0.12" in text(html)
    assert "-0.25" in text(html)
    assert [value for name, value in read(html).attributes if name == "style"] == ["width: 100.0%", "width: 50.0%"]
    assert "topple-below" in html.partition("</style>")[2]
    assert (
        "topple-below"
        not in explanation_card(replace(one, attributions=(0.5, 0.25)), film_titles(), LISTS).partition("</style>")[2]
    )
    for none in ((), None, (float("nan"), float("nan"))):
        assert "counts for" not in explanation_card(replace(one, attributions=none), film_titles(), LISTS)


def test_of_many_events_the_largest_and_the_named_are_shown():
    query = Query(tuple(range(200)), 999, k=1)
    values = tuple(float(number) for number in range(200))
    one = Explanation(
        query, Status.FOUND, (3,), (3,), rank_before=1, rank_after=4, proof=Proof.VALID, attributions=values
    )
    titles = re.findall(
        r"<span>(?:<strong>)?(● )?(\d+)(?:</strong>)?</span>",
        explanation_card(one, Catalogue(Vocabulary(range(1000))), None),
    )
    assert titles == [("", str(number)) for number in range(199, 189, -1)] + [("● ", "3")]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"proof": Proof.MINIMAL, "at_least": 2.0, "items": ("one", "two")},
            "none of these can be spared. Whether another, smaller set would do is not known. Proven: at least 2 are needed.",
        ),
        ({"proof": Proof.VALID, "at_least": None}, "Not minimal: fewer of these may do"),
        ({"proof": None, "rank_after": 2}, "Not true: when all items are ranked again, these are not the reason"),
        ({"proof_by": "their method"}, "no smaller set would do. (claimed by their method)"),
        (
            {"status": Status.IMPOSSIBLE, "items": (), "proof": None, "at_least": float("inf")},
            "Proven: no allowed set does it.",
        ),
        ({"status": Status.NOT_FOUND, "items": (), "proof": None}, "that none exists is not proven"),
        ({"status": Status.BUDGET_SPENT, "items": (), "proof": None}, "before the budget was spent"),
    ],
)
def test_what_was_checked_stands_in_words(fields, told):
    assert told in text(explanation_card(explanation(**fields), film_titles(), LISTS))


def test_without_the_model_a_card_says_what_the_record_knows():
    told = text(explanation_card(explanation(), film_titles(), None))
    assert "new – enters" in told
    assert "topple.card(explanation, model)" in told
    listed = text(explanation_card(explanation(), film_titles(), (LISTS[0], ())))
    assert "gone" in listed
    assert "topple.card(explanation, model)" not in listed


def test_a_query_without_target_has_a_card():
    one = Explanation(Query((), None, user=3), Status.INVALID, reason="the history is empty")
    assert "the history is empty" in text(explanation_card(one, film_titles(), None))


def test_a_table_says_how_many_more_there_are():
    html = explanations_card([explanation()], [film_titles()], [LISTS], total=1200)
    assert "1,200 explanations" in text(html)
    assert "and 1,199 more" in text(html)
    assert "0 explanations" in text(explanations_card([], [], [], total=0))


def test_a_card_speaks_german():
    told = text(explanation_card(explanation(), film_titles(), LISTS, because="bought", language="de"))
    assert "Ihnen wird target empfohlen" in told
    assert "die 3 Besten ohne diesen" in told
    assert not {"leaves", "enters", "scored", "the"} & set(re.findall(r"\w+", told))


def test_notebooks_show_cards():
    found = topple.explain(film_recommender(), ["alien", "brazil"], k=2, progress=False)
    assert "of 2 events of the history it leaves" in found[0]._repr_html_()
    assert found._repr_html_().count("<article") == 2
