import base64
import hashlib
import re

import pytest

import topple
from tests.api.papers.folders import ODD, odd_recommender, written
from tests.browsers import opened
from topple.errors import OutputExistsError, SettingsError
from topple.reports.papers.pages import check_page, write_page


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    found = topple.report(written(folder / "out", recommender=odd_recommender()), title=ODD[0])
    found.write(folder / "report.html")
    return folder / "report.html"


def test_the_policy_allows_the_style_and_the_script_of_the_page_by_hash_and_nothing_else(file):
    html = file.read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)
        hashed = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{hashed}'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"""\b(src|href)\s*=\s*["'](?!#|data:,)""", html), "an address outside the page"
    assert "style=" not in html


def test_titles_stay_text_and_control_characters_are_shown(file):
    html = file.read_text(encoding="utf-8")
    for bad in ("<script>alert", "<img src=x", "<b>bold", "\x1b", "\u202e", "7 * 7 = 49", ">49<"):
        assert bad not in html
    assert "\\x1b[31mred" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "שלום עולם" in html


def test_a_page_is_written_under_a_name_that_says_so_and_never_over_another(tmp_path):
    with pytest.raises(SettingsError, match=r"the suffix must be one of .html, .htm. Name it so"):
        check_page(tmp_path / "report.txt")
    write_page("<p>", tmp_path / "a.html")
    with pytest.raises(OutputExistsError, match="exists and is left as it is"):
        write_page("<b>", tmp_path / "a.html")
    write_page("<b>", tmp_path / "a.html", overwrite=True)
    assert (tmp_path / "a.html").read_text() == "<b>"


def column(page, head):
    return page.evaluate(
        """(head) => { const button = [...document.querySelectorAll('#named th button')].find((each) => each.textContent === head);
        const table = button.closest('table'), at = button.closest('th').cellIndex;
        return [...table.tBodies[0].rows].map((row) => row.cells[at].textContent); }""",
        head,
    )


@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (1100, "dark"), (390, "light")])
def test_the_page_opens_offline_without_an_error_or_a_foreign_request(file, width, scheme):
    with opened(file, width=width, scheme=scheme) as found:
        assert found.page.locator("h1").inner_text() == ODD[0]
        assert found.page.evaluate("document.documentElement.scrollWidth") <= width
        found.page.screenshot(full_page=True)
        assert not found.told
        assert not found.foreign


def test_tables_sort_by_mouse_and_keyboard_numbers_as_numbers(file):
    with opened(file) as found:
        page = found.page
        sets = page.locator("#named th button", has_text="sets that name it")
        sets.click()
        first = [int(value) for value in column(page, "sets that name it")]
        assert first == sorted(first, reverse=True)
        assert page.locator('#named th[aria-sort="descending"]').count() == 1
        sets.focus()
        page.keyboard.press("Enter")
        assert [int(value) for value in column(page, "sets that name it")] == sorted(first)
        assert page.locator('#named th[aria-sort="ascending"]').count() == 1
        page.locator("#named th button", has_text="id").click()
        assert column(page, "id") == sorted(column(page, "id"))
        assert not found.told


def test_tables_are_read_without_scripts(file):
    with opened(file, scripts=False) as found:
        assert found.page.locator("#named tbody tr").count() >= 3
        assert found.page.locator("th button").count() == 0


def test_colours_are_told_apart_in_light_and_dark(file):
    for scheme in ("light", "dark"):
        with opened(file, scheme=scheme) as found:
            ink, page = (
                found.page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor")
            )
            assert contrast(ink, page) > 7
            soft = found.page.evaluate("getComputedStyle(document.querySelector('.small')).color")
            assert contrast(soft, page) > 4.5


def contrast(one, other):
    def light(text):
        parts = [int(number) / 255 for number in re.findall(r"\d+", text)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    bright, dim = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)
