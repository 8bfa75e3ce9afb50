"""`connector health`: one line and an exit code, for monitors, container checks and timers."""

from __future__ import annotations

import click

from connector.cli.context import Context, global_options
from connector.errors import ExitCode


@click.command()
@click.option(
    "--nagios",
    is_flag=True,
    help="Exit code as a monitoring plug-in: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
)
@click.option("--timer", is_flag=True, help="The connector is started by a timer: not running is no fault.")
@global_options
@click.pass_obj
def health(context: Context, nagios: bool, timer: bool) -> int:
    """Say whether the connector is well: running, let in by its platforms, with nothing left lying too long.

    Exit code 0 when it is, 1 when something needs a look soon, 75 when documents do not move.
    """
    from connector.errors import ConnectorError
    from connector.health import Level, judged, level_of
    from connector.watch import as_record, facts

    try:
        findings = judged(facts(context.settings, expected=not timer))
    except ConnectorError as error:
        if not nagios:
            raise
        click.echo(f"CONNECTOR UNKNOWN - {error}")
        return int(Level.UNKNOWN)
    level = level_of(findings)
    sentences = [
        (f"{finding.about}: " if finding.about else "")
        + context.text(f"health.{finding.kind}", **finding.facts)
        for finding in findings
    ]
    if context.json:
        context.emit({"status": level.name.lower(), "findings": [as_record(one) for one in findings]})
    elif nagios:
        click.echo(f"CONNECTOR {level.name} - {'; '.join(sentences) or context.text('health.well')}")
    else:
        for sentence in sentences or [context.text("health.well")]:
            context.say(sentence)
    if nagios:
        return int(level)
    return {Level.OK: ExitCode.DONE, Level.WARNING: ExitCode.SOME_REFUSED}.get(level, ExitCode.TRY_AGAIN)
