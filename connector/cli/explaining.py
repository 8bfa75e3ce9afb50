"""`connector explain`: what a code means and what to do, or why a file waits."""

from __future__ import annotations

import re
from textwrap import wrap
from typing import Any

import click

from connector.cli.context import Context, global_options
from connector.errors import ExitCode


@click.command()
@click.argument("asked", nargs=-1, required=True, metavar="CODE|FILE…")
@global_options
@click.pass_obj
def explain(context: Context, asked: tuple[str, ...]) -> int:
    """Say what a code means (a rule, a rejection, a status, a business term), or why a file waits.

    Codes need neither configuration nor network. A file is one in an inbox, a result, an archived original,
    or the name of one that was taken.
    """
    told = [_of_a_file(context, typed) or _told(context, typed) for typed in asked]
    for number, record in enumerate(told):
        if context.json:
            context.emit(record)
        elif record["title"] is None:
            context.warn(_unknown(context, record))
        else:
            _print(context, record, apart=number > 0)
    return ExitCode.DONE if all(record["title"] is not None for record in told) else ExitCode.USAGE


def _of_a_file(context: Context, typed: str) -> dict[str, Any] | None:
    from connector.cli.finding import is_about_a_file, told_of

    found = told_of(context, typed) if is_about_a_file(typed) else None
    if found is None:
        return None
    first, *rest = found.pop("words")
    return {"asked": typed, "code": found["file"], "title": first, "meaning": " ".join(rest), **found}


def _told(context: Context, typed: str) -> dict[str, Any]:
    """Everything known of a code; `title` is None when there is nothing."""
    from connector import explanations

    messages = context.messages
    code = explanations.spelled(typed)
    if code is None:
        return _term_or_wait(context, typed)
    entry, term = messages.entry(code), explanations.term_of(code)
    known = term is not None and messages.has(f"term.{term}")
    origin = explanations.origin_of(code)
    http = f"http-{code}"
    return {
        "asked": typed,
        "code": code,
        "title": entry.title,
        "meaning": entry.meaning or None,
        "action": entry.action or None,
        "origin": messages.text(f"origin.{origin}") if origin else None,
        "term": term,
        "term_label": messages.text(f"term.{term}") if known else None,
        "general": entry.is_general,
        "see_also": [http] if code.isdigit() and explanations.explained(http) else [],
        "similar": [],
        "catalogue": explanations.entries(messages.language)["version"],
    }


def _term_or_wait(context: Context, typed: str) -> dict[str, Any]:
    """A business term, the reason why a job waits, or what looks like the code that was typed."""
    from connector import explanations

    messages = context.messages
    term, wait = re.sub(r"[\s_]+", "-", typed.strip().upper()), typed.strip().lower()
    found: dict[str, Any] = {"asked": typed, "code": None, "title": None, "similar": []}
    if messages.has(f"term.{term}"):
        return found | {"code": term, "title": messages.text(f"term.{term}"), "term": term}
    if messages.has(f"waits.{wait}"):
        return found | {"code": wait, "title": messages.waiting(wait)}
    return found | {"similar": explanations.similar(typed)}


def _print(context: Context, record: dict[str, Any], *, apart: bool) -> None:
    messages = context.messages
    lines = [""] if apart else []
    origin = record.get("origin")
    lines += _wrapped(f"{record['code']} – {origin}" if origin else record["code"])
    lines += _wrapped(record["title"], "  ")
    if record.get("meaning"):
        lines += _wrapped(record["meaning"], "  ")
    if record.get("term_label"):
        term = messages.text("place.term", label=record["term_label"], term=record["term"])
        lines += _wrapped(context.text("explain.about", term=term), "  ")
    if record.get("action"):
        lines += _wrapped(
            f"{messages.text('notice.action')}{context.text('explain.colon')}{record['action']}", "  "
        )
    if record.get("general"):
        lines += _wrapped(context.text("explain.general"), "  ")
    if record.get("see_also"):
        lines += _wrapped(context.text("explain.see_also", codes=", ".join(record["see_also"])), "  ")
    for line in lines:
        context.say(line)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return wrap(text, 78, initial_indent=indent, subsequent_indent=indent)


def _unknown(context: Context, record: dict[str, Any]) -> str:
    text = context.text("explain.unknown", code=record["asked"])
    if record["similar"]:
        return f"{text} {context.text('explain.similar', codes=', '.join(record['similar']))}"
    return text
