"""Reports and dossiers in German: every sentence has one, with the same values in it."""

import ast
import re
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest

import topple
from tests.api.papers.folders import every_ending, written
from tests.reports.papers.test_report_page import Reader
from topple.api.papers import figures, reading
from topple.errors import SettingsError
from topple.reports.papers import (
    cells,
    court,
    dossier_page,
    dossier_words,
    languages,
    report_page,
    report_parts,
    report_words,
)
from topple.reports.papers.languages import Language, codes, language
from topple.testing import film_recommender

FOLDER = Path(languages.__file__).parent
CODES = codes()[1:]
ANA = ["alien", "brazil", "casablanca", "duel"]
ENTRY = {
    "id": "0", "at": "2026-11-26T10:00:00+00:00", "answer": {"target": "evita"}, "titles": [], "sentence": "Weil.", "model": "m",
    "intact": True,
}  # fmt: skip


def literals(node):
    """Return the texts that an expression may be: a literal, or one of those that a condition chooses from."""
    if isinstance(node, ast.IfExp):
        return literals(node.body) + literals(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def said_in_code():
    """Return every sentence that the modules say, by where."""
    for file in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        chosen = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                chosen.setdefault(node.targets[0].id, []).extend(literals(node.value))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            function = node.func
            if isinstance(function, ast.Name) and function.id == "say":
                told = node.args[0]
                yield from chosen.get(told.id, ()) if isinstance(told, ast.Name) else literals(told)
            elif isinstance(function, ast.Attribute) and function.attr == "counted" and len(node.args) > 1:
                (one,) = literals(node.args[1])
                yield one
                yield literals(node.args[2])[0] if len(node.args) > 2 else f"{one}s"


def said_in_templates():
    for file in sorted((FOLDER / "templates").glob("*.html")):
        yield from re.findall(r'say\("([^"]+)"', file.read_text(encoding="utf-8"))


def said_of_pages(folder):
    """Return every sentence that pages of every kind of answer say, heads of tables and titles of figures among them."""
    said = set()

    class Recording(Language):
        def __call__(self, english, **values):
            said.add(english)
            return super().__call__(english, **values)

    with pytest.MonkeyPatch.context() as patch:
        for module in (report_page, dossier_page):
            patch.setattr(module, "language", lambda code: Recording(CODES[0]))
        for page in pages(folder):
            page.page()
    return said


def pages(folder, **language):
    """Yield reports and dossiers that between them say all that there is to say."""
    model, split = film_recommender(), topple.load_split("generated")
    theirs = replace(
        next(each for each in every_ending() if each.valid and each.query.user == 2), proof_by="theirs", model="another"
    )
    seen = topple.explain(model, {9: ["alien", "brazil"]}, shown={9: ["duel", "evita"]}, progress=False)
    left_out = {"events": 7, "histories": 2, "constraints": {}}
    told = [*every_ending(), theirs, *seen]
    topple.write_explanations(told, model.catalogue, folder / "out", left_out=left_out)
    yield topple.report(folder / "out", **language)
    topple.write_explanations([each for each in told if each.status == "invalid"], model.catalogue, folder / "none")
    yield topple.report(folder / "none", **language)
    yield topple.dossier(model, ["alien", "brazil", "unknown"], k=2, unknown="drop", exclude=["evita"], **language)
    yield topple.dossier(model, ANA, user=7, shown=["evita", "casablanca"], given=[ENTRY], **language)
    popular = topple.fit(split, "popularity", progress=False)
    user, history = next(iter(split.histories(limit=1).items()))
    yield topple.dossier(popular, history, user=user, k=2, split=split, **language)
    yield topple.dossier(model, ANA, user=8, k=2, candidates=["evita", "fargo", "gattaca"], given=[], **language)


def every_sentence(folder):
    constants = [
        *figures.RULES.values(), *dossier_words.RULES.values(), *dossier_words.SHOWN, *dossier_words.NOT_SHOWN, *report_words.NOT_SHOWN,
        *report_parts.PART, *dossier_words.PROVEN.values(), "weight", "time", cells.table("", [], [])["empty"],
    ]  # fmt: skip
    statuses = [each.value.replace("_", " ") for each in topple.Status]
    ended = [words for _, words, _ in figures.Standing(reading.read_rows(written(folder / "ended"))).ended()]
    return {*said_in_code(), *said_in_templates(), *said_of_pages(folder), *constants, *statuses, *ended}


@pytest.fixture(scope="module")
def sentences(tmp_path_factory):
    return sorted(every_sentence(tmp_path_factory.mktemp("said")))


@pytest.mark.parametrize("code", CODES)
def test_every_sentence_is_told_in_the_language_and_none_besides(code, sentences):
    known = language(code).sentences
    assert len(sentences) > 200
    assert not [sentence for sentence in sentences if sentence not in known]
    assert not [sentence for sentence in known if sentence not in sentences], "nobody says these any more"


@pytest.mark.parametrize("code", CODES)
def test_a_sentence_holds_the_same_values_in_every_language(code):
    for english, told in language(code).sentences.items():
        names = [{name for _, name, _, _ in Formatter().parse(text) if name is not None} for text in (english, told)]
        assert names[0] == names[1], english


def test_pages_in_german_are_german_down_to_the_numbers(tmp_path):
    report, _, first, shown, popular, _ = (Reader(page.page()).text for page in pages(tmp_path, language="de"))
    assert "Von 13 Empfehlungen" in report
    assert re.search(r"\d,\d %", report)
    assert "Was dies nicht zeigt" in report
    assert "Warum Ihnen das empfohlen wurde" in first
    assert "Ihnen wird Evita (1996) empfohlen, weil Sie" in shown
    assert "Ihnen wurde eine andere Liste gezeigt" in shown
    assert "hängen an nichts in Ihrem Verlauf" in popular
    for text in (first, shown, popular):
        assert "Die Zitate stehen in der englischen Fassung des Urteils" in text
        assert court.VARIATION.text in text
    for english in (" the ", " of ", " which ", " were ", " item"):
        for text in (report, first, shown, popular):
            without = text.replace(court.VARIATION.text, "").replace(court.NO_FORMULA.text, "")
            without = re.sub(
                "etwa Personen.*Nicht gezeigt|etwa Personen.*Eine Person zählt", "", without
            )  # reasons, as recorded
            found = without.find(english)
            assert found < 0, without[max(0, found - 80) : found + 80]


def test_a_page_says_which_language_it_is_in(tmp_path):
    found = topple.dossier(film_recommender(), ANA, k=2, language="de")
    assert '<html lang="de">' in found.page()
    assert '<p lang="en">“As regards' in found.page()
    assert found.as_json()["language"] == "de"
    assert found.as_json()["answers"][0]["explanation"]["sentence"].startswith("Ihnen wird")
    assert topple.replay(found.as_json(), film_recommender(), ANA).same
    assert '<html lang="en">' in topple.dossier(film_recommender(), ANA, k=2).page()


def test_a_dossier_of_before_there_were_languages_is_english():
    told = topple.dossier(film_recommender(), ANA, k=2).as_json()
    assert '<html lang="en">' in dossier_page.dossier_page({name: told[name] for name in told if name != "language"})


def test_a_language_that_is_not_known_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"language='fr' is not one of en, de. Choose one of these"):
        topple.dossier(film_recommender(), ANA, k=2, language="fr")
    with pytest.raises(SettingsError, match=r"language='fr' is not one of en, de"):
        topple.report(tmp_path, language="fr")
