"""How fast one core inspects 10 KB UBL invoices, beside bare lxml that parses and validates, in one run.

    python bench/validation.py [--files 400] [--rounds 30]

Both read the same files from disk with the same compiled schema; rounds alternate, and processor time is
counted. Ours recognises, refuses DOCTYPE and wrong encodings, validates, summarises and checks identifiers
(business rules off), and its answers are looked at. All files name the same two companies, which ours
remembers once it has read them; a buyer that is new costs some twenty microseconds more.

What it costs to take answers out of a worker process comes on top; it is measured by itself, as are refusals.
Read the ratio, not the figures: machines differ.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lxml import etree

from connector.model import Inspection, VerdictStatus
from connector.records import decode, encode
from connector.samples.broken import invoice_without_date
from connector.samples.ubl import LINES_FOR_10_KB, ubl_invoice
from connector.validation.inspect import inspect_file
from connector.validation.schemas import Schemas

GOAL = 1.15  # ours may take this much of what bare lxml takes
Way = Callable[[Sequence[Path], Schemas], None]


def bare(files: Sequence[Path], schemas: Schemas) -> None:
    schema = schemas.schema("ubl-invoice")
    for path in files:
        if not schema.validate(etree.fromstring(path.read_bytes())):
            raise SystemExit(f"{path} is not valid")


def ours(files: Sequence[Path], schemas: Schemas) -> None:
    for path in files:
        seen = inspect_file(path, schemas, name=path.name)
        if seen.verdict.status is not VerdictStatus.VALID or seen.document is None:
            raise SystemExit(f"{path}: {seen.verdict}")


def seconds(way: Way, files: Sequence[Path], schemas: Schemas) -> float:
    """Processor seconds for one file."""
    started = time.process_time()
    way(files, schemas)
    return (time.process_time() - started) / len(files)


def compare(files: Sequence[Path], schemas: Schemas, rounds: int) -> tuple[float, float, float]:
    """Median seconds a file of bare lxml and of ours, and the median ratio of the two within a round."""
    lxml_times: list[float] = []
    our_times: list[float] = []
    for number in range(rounds):
        ways = [(bare, lxml_times), (ours, our_times)]
        for way, times in ways if number % 2 else reversed(ways):
            times.append(seconds(way, files, schemas))
    ratios = [our / lxml for our, lxml in zip(our_times, lxml_times, strict=True)]
    return statistics.median(lxml_times), statistics.median(our_times), statistics.median(ratios)


def pipe_seconds(file: Path, schemas: Schemas, times: int = 2000) -> float:
    """Processor seconds to write an answer for the pipe between worker and parent, and to read it again."""
    answer = inspect_file(file, schemas)
    started = time.process_time()
    for _ in range(times):
        decode(Inspection, encode(Inspection, answer))
    return (time.process_time() - started) / times


def refused(files: Sequence[Path], schemas: Schemas) -> None:
    for path in files:
        if inspect_file(path, schemas).verdict.status is not VerdictStatus.INVALID:
            raise SystemExit(f"{path} is not refused")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    schemas = Schemas()
    with tempfile.TemporaryDirectory() as folder:
        sound = [Path(folder) / f"FA{number:05}.xml" for number in range(arguments.files)]
        broken = [Path(folder) / f"KO{number:05}.xml" for number in range(arguments.files // 10)]
        for number, path in enumerate(sound):
            path.write_bytes(ubl_invoice(number=f"FA{number}", lines=LINES_FOR_10_KB))
        for number, path in enumerate(broken):
            path.write_bytes(invoice_without_date(number=f"KO{number}", lines=LINES_FOR_10_KB))
        size = sound[0].stat().st_size
        compare(sound, schemas, 2)  # warm
        lxml_time, our_time, ratio = compare(sound, schemas, arguments.rounds)
        pipe = pipe_seconds(sound[0], schemas)
        first = seconds(refused, broken[:1], schemas)
        later = seconds(refused, broken, schemas)
    print(f"files of {size} bytes, one core, median of {arguments.rounds} rounds of {arguments.files}")
    print(f"  bare lxml (parse, validate)      {lxml_time * 1e6:8.1f} µs  {1 / lxml_time:8.0f} files/s")
    print(f"  inspection, rules off            {our_time * 1e6:8.1f} µs  {1 / our_time:8.0f} files/s")
    print(f"  ratio                            {ratio:8.3f}     (goal: at most {GOAL})")
    print(f"  answer through the pipe          {pipe * 1e6:8.1f} µs")
    print(f"  a refusal with a second opinion  {later * 1e6:8.1f} µs  (the first of a worker: {first:.2f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
