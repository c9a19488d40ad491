"""
How the documentation is built: ``nox -s docs``.
"""

from typing import Any

from sphinx.application import Sphinx

import st44_migrate

project = "st44-migrate"
author = "The st44-migrate developers"
copyright = author
version = release = st44_migrate.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "furo"
html_title = f"{project} {version}"

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_default_options = {"members": True, "exclude-members": "__init__, __new__"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# A word in single backquotes is a name of ours, or a command: linked where it can be.
default_role = "py:obj"
nitpick_ignore_regex = [
    ("py:class", r"st44_migrate\.protocols\.databases\._.*"),  # what Database is made of
    ("py:obj", ".*"),
    ("py:.*", r"(collections\.abc|datetime|logging|os|re|typing)\..*"),
    ("py:class", "AnyChecker|Application|Critical|Form|MeterProvider|TracerProvider"),
]


def setup(app: Sphinx) -> None:
    """
    Ask to see docstrings before napoleon does.
    """
    app.connect("autodoc-process-docstring", begin_with_a_comment, priority=400)


def begin_with_a_comment(
    _app: Sphinx, what: str, _name: str, _object: Any, _options: Any, lines: list[str]
) -> None:
    """
    Keep napoleon from taking the words before a colon for the type of a property.
    """
    if what in {"attribute", "property"}:
        lines[:0] = ["..", ""]
