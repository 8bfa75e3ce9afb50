"""`connector simulator`: a platform on loopback that can be told to misbehave."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.context import Context, global_options
from connector.errors import ExitCode


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8642, show_default=True, help="0: any free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option(
    "--plan",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="How it misbehaves: a TOML or JSON file (docs/simulator.md).",
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Remember what was received in this folder, across restarts.",
)
@global_options
@click.pass_obj
def simulator(context: Context, port: int, host: str, plan: Path | None, keep: Path | None) -> int:
    """Play an approved platform (XP Z12-013 Flow Service 1.2) for tests, until stopped."""
    from connector.simulator.platform import CLIENT_ID, CLIENT_SECRET
    from connector.simulator.serving import serve

    def ready(url: str) -> None:
        if context.json:
            context.emit(
                {
                    "base_url": f"{url}/flow-service",
                    "token_url": f"{url}/token",
                    "client_id": CLIENT_ID,
                    "client_secret": CLIENT_SECRET,
                    "control": f"{url}/_control",
                }
            )
            return
        context.say(f'base_url  = "{url}/flow-service"')
        context.say(f'token_url = "{url}/token"')
        context.say(f'client_id = "{CLIENT_ID}"      client secret: {CLIENT_SECRET}')
        context.say(context.text("simulator.ready", url=url))

    serve(host, port, plan, keep, ready)
    return ExitCode.DONE
