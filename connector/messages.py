"""From a code to a sentence, in French or English: what the outbox, the command line and the log say.

The sentences are data, in `messages.fr.toml` and `messages.en.toml` beside this module; what a problem code
means and what to do about it stands in `explanations.*.toml` (see `explanations`). Both languages hold the
same keys. Nothing is decided here: which code applies is the business of whoever found the problem.

A key is the path of the sentence in the TOML file: `text("outcome.held.title", **words)`. To add sentences,
add a table to both files; a test refuses a key that only one of them has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from connector import explanations
from connector.model import Document, Family, Syntax
from connector.texts import LANGUAGES, Language, read_texts

__all__ = ["LANGUAGES", "Entry", "Language", "Messages", "catalogue", "kind_of"]

# UNTDID 1001 codes of credit notes that the French reform allows (BT-3).
_CREDIT_NOTES = {"261", "262", "381", "396", "502", "503"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What people are told of one problem code."""

    title: str  # what is wrong, one sentence
    meaning: str  # why it matters or where it comes from; may be empty
    action: str  # what to do
    is_general: bool = False  # it speaks of a whole family of codes; the finder's own words say more


class _Gaps(dict[str, object]):
    """Parameters of a sentence in which a missing one leaves a visible gap instead of an error."""

    def __missing__(self, name: str) -> str:
        return "…"


class Messages:
    """The catalogue of one language.

    Args:
        language: "fr" or "en".
    """

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._texts = catalogue(language)

    def text(self, key: str, **params: object) -> str:
        """The sentence of a key, with its `{placeholders}` filled in.

        Raises:
            KeyError: the catalogue has no such sentence, or a placeholder was not given: a bug of the caller.
        """
        return self._texts[key].format_map(params)

    def has(self, key: str) -> bool:
        return key in self._texts

    def label(self, topic: str, code: str, **params: object) -> str:
        """The name people use for a code of a topic (`state`, `family`, `waits` …); the code itself if none.

        A sentence that names the document speaks of "the file", unless `words` of a document are given.
        """
        template = self._texts.get(f"{topic}.{code}")
        return template.format_map(_Gaps({**self.words(None), **params})) if template else code

    def waiting(self, code: str) -> str:
        """Why a job waits (`Job.waits_for`), as one sentence; a code we do not know is shown as it is."""
        return self.label("waits", code) if self.has(f"waits.{code}") else self.text("waits.other", code=code)

    def count(self, key: str, n: int, **params: object) -> str:
        """A number of things: the sentence `<key>.one` for 1, else `<key>.many` with `{n}`."""
        return self.text(f"{key}.one" if n == 1 else f"{key}.many", n=n, **params)

    def words(self, document: Document | None) -> Mapping[str, str]:
        """How sentences name this document: noun, articles, agreement. Parameters for `text` and `entry`."""
        return _words(self.language, kind_of(document))

    def entry(
        self, code: str, *, source: str | None = None, message: str | None = None, **params: object
    ) -> Entry:
        """What a problem code means and what to do about it.

        A code that the catalogue lacks is told in the words of who found the problem.

        Args:
            source: who found it (`Problem.source`).
            message: that one's own words (`Problem.message`).
            params: `words` of the document and facts that the sentences may name.
        """
        known = explanations.explained(code)
        if known is None:
            who = source if source in ("platform", "rules") else "other"
            key, texts = f"unknown.{who}.{'quoted' if message else 'bare'}", self._texts
            facts = {}
        else:
            key, texts = known.entry, explanations.entries(self.language)
            facts = {name: self.label(name, value) for name, value in known.facts.items()}
        filled = _Gaps({**self.words(None), **facts, **params, "code": code, "message": message or ""})
        title, meaning, action = (
            texts.get(f"{key}.{part}", "").format_map(filled) for part in ("title", "meaning", "action")
        )
        return Entry(
            title=title, meaning=meaning, action=action, is_general=known is not None and known.is_general
        )

    def knows(self, code: str) -> bool:
        """Whether the catalogue explains this problem code, by itself or with its family."""
        return explanations.explained(code) is not None


def kind_of(document: Document | None) -> str:
    """Which noun a document goes by: the key of a `document.*` table of the catalogues."""
    if document is None:
        return "file"
    if document.syntax is Syntax.LIST:
        return "recipient_list"
    if document.family is not Family.INVOICE:
        return document.family.value
    is_credit = document.type_code in _CREDIT_NOTES or document.kind == "ubl-creditnote"
    return "credit_note" if is_credit else "invoice"


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Every sentence of a language by its dotted key. Read once, on first use."""
    return read_texts("messages", language)


@cache
def _words(language: Language, kind: str) -> Mapping[str, str]:
    prefix = f"document.{kind}."
    texts = catalogue(language)
    return MappingProxyType(
        {key[len(prefix) :]: text for key, text in texts.items() if key.startswith(prefix)}
    )
