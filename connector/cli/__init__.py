"""The command line. Every command is a module of its own, imported only when it is called.

Nothing is decided here: a command reads its arguments, calls the rooms through `wiring`, and prints.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

from connector.cli import speaking
from connector.cli.context import Context, global_options, report_error
from connector.errors import ConnectorError, Deferrable, ExitCode

# name → module below connector.cli that holds a click command of that name (with "_" for "-")
_COMMANDS = {
    "run": "running",
    "validate": "validating",
    "explain": "explaining",
    "submit": "submitting",
    "status": "looking",
    "ls": "looking",
    "show": "looking",
    "retry": "retrying",
    "hold": "holding",
    "resolve": "resolving",
    "report": "reporting",
    "deadlines": "deadlines",
    "ereporting": "ereporting",
    "directory": "directory",
    "webhook": "webhooks",
    "check-config": "setting_up",
    "doctor": "doctor",
    "lifecycle": "lifecycle",
    "health": "health",
    "audit": "auditing",
    "init": "setting_up",
    "simulator": "simulating",
    "demo": "demonstrating",
    "completion": "completing",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"connector.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return speaking.translated(command)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="connector", prog_name="connector")
@global_options
def connector() -> None:
    """Take invoices and e-reporting files from folders, send them to the platform, write the results back."""


def main() -> None:
    """Run the command line and exit with one of `errors.ExitCode`."""
    context = Context()
    speaking.speak(speaking.asked_for(sys.argv[1:], os.environ))
    speaking.translated(connector)
    try:
        code = connector.main(obj=context, standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        sys.exit(ExitCode.INTERRUPTED)
    except click.ClickException as error:
        if context.lang:  # a command has spoken already: of one error, in one language
            speaking.speak(context.lang)
        error.show()
        sys.exit(ExitCode.USAGE)
    except ConnectorError as error:
        report_error(context, error)
        sys.exit(error.exit_code)
    except OSError as error:  # a disk or a share in trouble at the start: the next one may find it repaired
        report_error(context, Deferrable(str(error)))
        sys.exit(ExitCode.TRY_AGAIN)
    sys.exit(code if isinstance(code, int) else ExitCode.DONE)
