"""Settings of Sphinx. `python -m docs.site` prepares the pages and builds them; see `docs/site/build.py`."""

from typing import Any

from pygments.lexers.shell import BashLexer

import topple

project = "topple"
author = "The topple authors"
release = version = topple.__version__
copyright = author

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docs.site.mathml",
    "sphinx_design",
    "sphinx_copybutton",
]
nitpicky = False
suppress_warnings: list[str] = []
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns: list[str] = []

myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

default_role = "code"  # docstrings write code between single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "description"
python_maximum_signature_line_length = 90
toc_object_entries = False
autodoc_default_options = {"members": True, "undoc-members": False}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
copybutton_exclude = ".linenos, .gp, .go"

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"topple {release}"
html_static_path = ["_static"]
html_css_files = ["topple.css"]
html_show_sourcelink = False
html_sidebars = {"proofs": []}  # a page without others below it
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 7,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}
linkcheck_timeout = 20
linkcheck_retries = 2


def setup(app: Any) -> None:
    """Read blocks of commands as commands: they are written without a prompt, so that they can be copied."""
    app.add_lexer("console", BashLexer)
