"""`connector init` and `check-config`: from nothing to a set-up that is known to work."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.context import Context, global_options
from connector.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from connector.settings import Settings


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be made, and make nothing.")
@global_options
@click.pass_obj
def init(context: Context, folder: Path | None, dry_run: bool) -> int:
    """Make a new set-up in FOLDER; without FOLDER, make the folders that the configuration names."""
    if folder is None:
        _make_folders(context, context.settings, dry_run)
        return ExitCode.DONE
    from connector.settings import load

    config = folder / "connector.toml"
    if config.exists():
        raise ConfigurationError(context.text("init.exists", path=config))
    _tell(context, config)
    if not dry_run:
        folder.mkdir(parents=True, exist_ok=True)
        config.write_text(_template(folder.absolute()), "utf-8")
        (folder / "secrets").mkdir(mode=0o700, exist_ok=True)
        # Read anew: the context may know another configuration, from the working directory.
        _make_folders(context, load(config), dry_run)
        context.say(context.text("init.next", config=config, secrets=folder / "secrets"))
    return ExitCode.DONE


def _template(folder: Path) -> str:
    """The configuration that we ship, with everything below one folder."""
    from connector.resources import shipped

    text = shipped("config", "connector.toml").read_text("utf-8")
    for shown, here in (
        ("/var/lib/connector", folder / "state"),
        ("/srv/einvoice/ventes", folder / "ventes"),
    ):
        text = text.replace(f'"{shown}"', f'"{here}"')
    return text


def _make_folders(context: Context, settings: Settings, dry_run: bool) -> None:
    for route in settings.route:
        for path in (route.inbox_dir, route.outbox_dir, route.staging_dir, route.archive_dir, route.work_dir):
            if not path.is_dir():
                _tell(context, path)
                if not dry_run:
                    path.mkdir(parents=True)
    if not dry_run:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)


def _tell(context: Context, path: Path) -> None:
    if context.json:
        context.emit({"made": str(path)})
    else:
        context.say(context.text("init.made", path=path))


@click.command(name="check-config")
@global_options
@click.pass_obj
def check_config(context: Context) -> int:
    """Try everything the configuration promises on this machine, and print what is in force."""
    from connector import checks
    from connector.validation.rules.rulesets import check_all as check_rule_sets
    from connector.validation.schemas import check_all

    settings = context.settings
    findings = list(checks.faults(settings))
    for check in (
        partial(check_all, settings.schemas),
        check_rule_sets,
        partial(_check_declarants, settings),
    ):
        try:
            check()
        except ConfigurationError as error:
            findings += error.findings
    if findings:
        raise ConfigurationError(*findings)
    effective: dict[str, Any] = settings.model_dump(mode="json", exclude_defaults=False)
    if context.json:
        context.emit({"ok": True, "settings": effective})
        return ExitCode.DONE
    for key, value in _flat(effective):
        context.say(f"{key} = {value}")
    overridden = sorted(name for name in os.environ if name.startswith("CONNECTOR_"))
    if overridden:
        context.say(context.text("check.environment", names=", ".join(overridden)))
    context.say(context.text("check.ok"))
    return ExitCode.DONE


def _check_declarants(settings: Settings) -> None:
    from connector.calendars import declarants_of, read_calendar

    declarants_of(settings, read_calendar(settings.ereporting_calendar))


def _flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    lines: list[tuple[str, Any]] = []
    for key, item in value.items():
        if isinstance(item, dict) and item:
            lines += _flat(item, f"{prefix}{key}.")
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            for entry in item:
                lines += _flat(entry, f"{prefix}{key}.{entry.get('name') or entry.get('siren', '')}.")
        else:
            lines.append((f"{prefix}{key}", item))
    return lines
