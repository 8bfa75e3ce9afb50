"""`connector completion`: what a shell needs to complete our commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from connector.cli.context import global_options
from connector.errors import ExitCode


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@global_options
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print the completion script of a shell.

    bash: connector completion bash > /etc/bash_completion.d/connector;
    zsh: the file _connector in a folder of $fpath; fish: ~/.config/fish/completions/connector.fish.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    root = ctx.find_root().command
    click.echo(kind(root, {}, "connector", "_CONNECTOR_COMPLETE").source())
    return ExitCode.DONE
