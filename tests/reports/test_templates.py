import jinja2
import pytest

from topple.reports.templates import templates


@pytest.mark.parametrize("package", ["topple.reports.cards", "topple.reports.papers", "topple.web.page"])
def test_templates_escape_and_refuse_what_is_missing(package):
    made = templates(package)
    assert made.from_string("{{ title }}").render(title="<b>&'") == "&lt;b&gt;&amp;&#39;"
    with pytest.raises(jinja2.UndefinedError):
        made.from_string("{{ missing }}").render()
    assert made is templates(package)
    assert made.list_templates()
