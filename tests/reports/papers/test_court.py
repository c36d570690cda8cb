import hashlib

from topple.reports.papers import court


def test_quotations_are_word_for_word():
    """Whoever edits a quotation compares it with the judgment anew: these are hashes of the published text."""
    hashes = {
        each.paragraph: hashlib.sha256(each.text.encode()).hexdigest() for each in (court.VARIATION, court.NO_FORMULA)
    }
    assert hashes == HASHES


def test_what_is_no_quotation_says_so():
    assert "paraphrase" in court.ABOUT
    assert "legal advice" in court.HERE
    for text in (court.ABOUT, court.HERE):
        assert "“" not in text
    for part in ("27 February 2025", "C-203/22", "EU:C:2025:117"):
        assert part in court.CASE


HASHES = {
    62: "f848c3ffdb9afdd199ded997acc304e5f5efaa8510de675387ff1583355f8cfa",
    59: "5a60b0a31304e4f54729eb3ff26b1b6195616c0260935661f9f23d50854dfc6f",
}
