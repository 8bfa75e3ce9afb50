"""Large documents: validated as they stream by, in memory that does not grow with them.

Facts of lxml 6.1 that shape this module, each held by a test:
- schema errors come as one exception at the very end, without line or path;
- that exception hides whether the document was well formed: a rejected document must be read once more;
- with `resolve_entities=False` a cut file passes in silence; without it, it does not. No entity can be in
  there: a DOCTYPE was refused before the schema saw anything (with one, lxml can crash);
- a parser with a `target` ignores its schema altogether, so it is never used for a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from lxml import etree

from connector.documents.safe_xml import Unnamed, fault_in_file
from connector.documents.summary import Reader
from connector.documents.tally import Tally
from connector.validation.xsd import LogLine, log_lines

Watcher = Callable[[etree._Element], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """What one pass saw: the root with little below it, what was counted of the lines, the schema's errors.

    With errors, nothing says that the document is well formed to its end, and the tally is not complete.
    """

    root: etree._Element
    tally: Tally
    errors: list[LogLine]


def stream(
    file: BinaryIO,
    head: etree._Element,
    reader: Reader,
    schema: etree.XMLSchema | None,
    watchers: Sequence[Watcher] = (),
    *,
    whole: bool = False,
) -> Streamed:
    """Read a whole document once.

    Args:
        file: at any position; must be seekable.
        head: its root element, as far as known (no DOCTYPE).
        reader: which elements may be dropped once they were seen.
        schema: what to validate with; None only to read.
        watchers: shown each line while it is whole and below its parent, in order. The schema has not spoken
            yet: what they are shown can be anything, and what they conclude counts only without errors.
        whole: forget nothing; the root is then that of the whole tree.
    Raises:
        NotADocument: it is not well formed or cut off.
        MemoryError: the parser had not enough.
        OSError: the file cannot be read.
    """
    file.seek(0)
    events = etree.iterparse(
        Unnamed(file),
        events=("end",),
        tag=(*(f"{{*}}{name}" for name in (*reader.lines, *(() if whole else reader.bulky))), head.tag),
        schema=schema,
        load_dtd=False,
        no_network=True,
        huge_tree=True,
        remove_comments=True,
        remove_pis=True,
    )
    tally = reader.tally()
    ended = False
    try:
        for _, element in events:
            if element.getparent() is None:
                ended = True
                continue
            if etree.QName(element).localname in reader.lines:
                tally.see(element)
                for watch in watchers:
                    watch(element)
            if not whole:
                _drop(element, keep=reader.lines)
    except etree.XMLSyntaxError as error:
        errors = log_lines(events.error_log)
        if errors:
            return Streamed(root=head, tally=tally, errors=errors)
        raise fault_in_file(error, file) from None
    if not ended or events.root is None:
        raise fault_in_file(EOFError("the end of the root element is missing"), file)
    return Streamed(root=events.root, tally=tally, errors=[])


def _drop(element: etree._Element, *, keep: tuple[str, ...]) -> None:
    """Forget what is in an element, and its dropped elder sibling altogether.

    The first line of each name stays whole, for the summary. The element itself must stay until the next
    one is there: the parser may still be appending text behind it.
    """
    elder = element.getprevious()
    while elder is not None and not isinstance(elder.tag, str):
        elder = elder.getprevious()
    namesake = elder is not None and elder.tag == element.tag
    if not namesake and etree.QName(element).localname in keep:
        return
    element.text = None
    del element[:]
    parent = element.getparent()
    if namesake and parent is not None and elder is not None and len(elder) == 0 and not elder.text:
        parent.remove(elder)
