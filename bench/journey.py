"""How fast a folder of invoices goes through the whole journey, beside a plain script, in one run.

    python bench/journey.py [--files 2000] [--rounds 3] [--latency 0 --latency 0.02]

Each round runs, one after the other on the same files and a fresh simulator: the connector (everything on:
settling, private copies, journal, hash chain, flushes, results, archive), the plain script that also asks for
each acknowledgement, and the plain script that stops at the receipt. Read the ratios, not the figures: they
are whole processes with their start-up, and machines differ. Every run is checked: as many results as files,
as many flows, none twice.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from connector.samples.ubl import LINES_FOR_10_KB, ubl_invoice

HERE = Path(__file__).resolve().parent
QUIET = 0.1  # seconds a file must lie still; the script has no such rule
RUNS = ("connector", "script, acknowledged", "script, receipts only")


class Platform:
    """The simulator in a process of its own."""

    def __init__(self, folder: Path, latency: float) -> None:
        plan = folder / "plan.toml"
        rules = f'[[rule]]\non = "submit"\ndo = "delay"\nseconds = {latency}\ntimes = "unlimited"\n'
        plan.write_text(rules if latency else "")
        command = [
            sys.executable,
            "-m",
            "connector",
            "simulator",
            "--port",
            "0",
            "--json",
            "--plan",
            str(plan),
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.told: dict[str, str] = json.loads(self._process.stdout.readline())

    def flows(self) -> list[dict[str, str]]:
        with urllib.request.urlopen(f"{self.told['control']}/flows", timeout=60) as answer:
            found: list[dict[str, str]] = json.load(answer)["flows"]
        return found

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def drop(inbox: Path, files: list[bytes]) -> None:
    inbox.mkdir(parents=True)
    for number, content in enumerate(files):
        (inbox / f"FA{number:06}.xml").write_bytes(content)


def run_connector(folder: Path, platform: Platform, files: list[bytes]) -> tuple[float, dict[str, float]]:
    """Seconds from start to end, and the seconds that each stage was at work."""
    drop(folder / "route" / "inbox", files)
    config = folder / "connector.toml"
    config.write_text(
        f'environment = "test"\nstate_dir = "{folder}/state"\n[[account]]\nname = "pa"\ngateway = "afnor"\n'
        f'base_url = "{platform.told["base_url"]}"\ntoken_url = "{platform.told["token_url"]}"\n'
        f'client_id = "{platform.told["client_id"]}"\npoll_seconds = 1.0\n'
        f'[[route]]\nname = "bench"\nroot = "{folder}/route"\naccount = "pa"\n'
        f'quiet_seconds = {QUIET}\nrules = "off"\n'
    )
    environment = {**os.environ, "CONNECTOR_PA_CLIENT_SECRET": platform.told["client_secret"]}
    command = [sys.executable, "-m", "connector", "--config", str(config), "-q", "run", "--once"]
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True)
    seconds = time.perf_counter() - started
    lines = [json.loads(line) for line in (folder / "state/log/connector.jsonl").read_text().splitlines()]
    stages = next(line for line in lines if line["event"] == "run.stages")
    results = list((folder / "route/outbox/ok").glob("*/*.ok.json"))
    archived = [path for path in (folder / "route/archive").rglob("*") if path.is_file()]
    check(platform, len(files), len(results), len(archived))
    return seconds, {name: value for name, value in stages.items() if isinstance(value, float)}


def run_script(folder: Path, platform: Platform, files: list[bytes], until: str) -> float:
    drop(folder / "inbox", files)
    told = platform.told
    arguments = [told["base_url"], told["token_url"], told["client_id"], told["client_secret"]]
    command = [sys.executable, str(HERE / "plain_script.py"), str(folder), *arguments, str(len(files)), until]
    started = time.perf_counter()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    check(
        platform,
        len(files),
        len(list((folder / "results").iterdir())),
        len(list((folder / "archive").iterdir())),
    )
    return seconds


def check(platform: Platform, files: int, results: int, archived: int) -> None:
    """Raises AssertionError when a file was lost, sent twice, or not answered."""
    flows = platform.flows()
    distinct = {flow["sha256"] for flow in flows}
    counted = (results, archived, len(flows), len(distinct))
    if counted != (files,) * 4:
        raise AssertionError(f"results, archived, flows, distinct flows: {counted}, expected {files} of each")


def one_round(files: list[bytes], latency: float) -> tuple[dict[str, float], dict[str, float]]:
    seconds: dict[str, float] = {}
    stages: dict[str, float] = {}
    for name in RUNS:
        folder = Path(tempfile.mkdtemp(prefix="connector-bench-"))
        platform = Platform(folder, latency)
        try:
            if name == "connector":
                seconds[name], stages = run_connector(folder, platform, files)
            else:
                until = "acknowledged" if name.endswith("acknowledged") else "receipts"
                seconds[name] = run_script(folder, platform, files, until)
        finally:
            platform.close()
            shutil.rmtree(folder, ignore_errors=True)
    return seconds, stages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, action="append", help="seconds that each deposit takes")
    given = parser.parse_args()
    files = [ubl_invoice(number=f"FA-{n:06}", lines=LINES_FOR_10_KB) for n in range(given.files)]
    print(f"{given.files} UBL invoices of {len(files[0])} bytes, {os.cpu_count()} processors")
    for latency in given.latency or [0.0]:
        print(f"\ndeposits take {latency * 1000:.0f} ms at the platform")
        rounds = [one_round(files, latency) for _ in range(given.rounds)]
        for name in RUNS:
            rates = [given.files / seconds[name] for seconds, _ in rounds]
            ratio = statistics.median(seconds[name] / seconds["connector"] for seconds, _ in rounds)
            spread = " ".join(f"{rate:.0f}" for rate in rates)
            middle = statistics.median(rates)
            print(f"  {name:<24}{middle:7.0f} files/s  ({spread})   the connector is {ratio:.2f}x as fast")
        stages = rounds[-1][1]
        total = sum(stages.values())
        shares = "  ".join(
            f"{stage} {value / total:.0%}" for stage, value in sorted(stages.items(), key=lambda s: -s[1])
        )
        print(f"  of the connector's stages, by time at work (lanes overlap): {shares}")


if __name__ == "__main__":
    main()
