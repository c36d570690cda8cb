"""Reports and dossiers for who cannot see, or sees little: axe-core finds nothing, offline and without a message of the browser."""

import pytest

import topple
from tests.api.papers.folders import ODD, odd_recommender, written
from tests.browsers import accessibility_issues, opened
from topple.testing import film_recommender

ANA = ["alien", "brazil", "casablanca", "duel"]
PAPERS = {
    "report": lambda folder: topple.report(written(folder)),
    "report with odd titles": lambda folder: topple.report(
        written(folder, recommender=odd_recommender()), title=ODD[0]
    ),
    "dossier": lambda folder: topple.dossier(film_recommender(), ANA, user=7, shown=["evita", "fargo"], given=[]),
    "dossier with odd titles": lambda folder: topple.dossier(odd_recommender(), ANA, user=ODD[0], k=2),
}


@pytest.fixture(scope="module", params=PAPERS)
def file(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("paper")
    PAPERS[request.param](folder / "out").write(folder / "paper.html")
    return folder / "paper.html"


@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (390, "dark")])
def test_a_checker_of_accessibility_finds_nothing(file, width, scheme):
    with opened(file, width=width, scheme=scheme) as found:
        assert not accessibility_issues(found.page)
        for head in found.page.locator("th button").all()[:3]:
            head.click()
        assert not accessibility_issues(found.page), "nor in tables that were sorted"
        assert not found.told
        assert not found.foreign
