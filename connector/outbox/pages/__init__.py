"""Pages that a browser opens from a folder: no script, no server, nothing loaded from anywhere.

The only home of jinja2, which escapes all values; what is meant as markup is in the templates of this folder.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


def page(template: str, **values: object) -> bytes:
    """A template of this folder with its values filled in, as the bytes of a file."""
    text = _environment().get_template(template).render(**values)
    # A name that is not UTF-8 came in as surrogate escapes; no page may fail for it.
    return text.encode("utf-8", "replace")


@cache
def _environment() -> Environment:
    folder = Path(__file__).parent
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (folder / "style.css").read_text("utf-8")
    environment.globals["style"] = Markup(style)  # noqa: S704 - our own file
    return environment
