"""Time and memory that a large e-reporting report takes to validate: by its schema alone, and with its rules.

    python bench/ereporting.py [--megabytes 200] [--kind 10.1|10.2|10.3|10.4]

Makes a valid report of that size in a temporary folder, then validates it in a process of its own, first by
its XSD alone and then by the XSD and the rules of annexe 7. Peak memory is that of the process. Figures
differ between machines; the ratio does not much.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from connector.samples.frr_large import KINDS, write_report

MEASURE = """
import sys, time
from pathlib import Path
from connector.validation.inspect import inspect_file
from connector.validation.schemas import Schemas
schemas = Schemas()
schemas.schema("frr-report")
wall, cpu = time.perf_counter(), time.process_time()
seen = inspect_file(Path(sys.argv[1]), schemas, rules=sys.argv[2])
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
# ru_maxrss of a fork begins with its parent's; VmHWM is of this program alone
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(seen.verdict.status, seen.document.lines, len(seen.verdict.problems), wall, cpu, peak)
"""


def main() -> None:
    """Make, measure, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--kind", choices=sorted(KINDS), default="10.1")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.xml"
        began = time.perf_counter()
        write_report(file, arguments.kind, arguments.megabytes * 1_000_000)
        size = file.stat().st_size / 1e6
        print(f"{arguments.kind}: {size:.0f} MB, made in {time.perf_counter() - began:.1f} s")
        for level in ("off", "error"):
            said = subprocess.run(
                [sys.executable, "-c", MEASURE, str(file), level], capture_output=True, text=True, check=True
            ).stdout.split()
            status, lines, problems = said[0], int(said[1]), int(said[2])
            wall, cpu, peak = float(said[3]), float(said[4]), int(said[5]) / 1024
            name = "XSD and rules" if level == "error" else "XSD alone"
            print(
                f"{name:14} {status}, {lines} lines, {problems} problems: {wall:.1f} s ({cpu:.1f} s of CPU), "
                f"{size / wall:.1f} MB/s, peak {peak:.0f} MiB"
            )


if __name__ == "__main__":
    main()
