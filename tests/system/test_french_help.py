"""Help and mistakes on the command line, in the language of the person who types."""

from __future__ import annotations

import os
import subprocess
import sys

from connector.errors import ExitCode

NO_BREAK = "\u00a0"


def type_in(*words: str, **locale: str) -> subprocess.CompletedProcess[str]:
    mine = ("CONNECTOR_", "LC_", "LANG")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    return subprocess.run(
        [sys.executable, "-m", "connector", *words],
        env=clean | {"PYTHONUTF8": "1"} | locale,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_help_of_a_command_is_french_when_french_is_asked_for() -> None:
    done = type_in("--lang", "fr", "run", "--help", LANG="en_GB.UTF-8")
    assert done.returncode == ExitCode.DONE
    for expected in (
        f"Utilisation{NO_BREAK}: ",
        f"\nOptions{NO_BREAK}:\n",
        "Fait tourner les routes",
        "--route TEXTE",
        "[par défaut",
        "Fichier de configuration.",
        "Affiche cette aide.",
    ):
        assert expected in done.stdout
    for english in ("Usage", "Show this message", "default:", "TEXT ", "FLOAT RANGE"):
        assert english not in done.stdout


def test_a_mistake_is_told_in_french_where_the_locale_is_french() -> None:
    done = type_in("lifecycle", "send", "--status", "999", LANG="fr_FR.UTF-8")
    assert done.returncode == ExitCode.USAGE
    assert f"Erreur{NO_BREAK}: Valeur incorrecte pour '--status'" in done.stderr
    assert "connector lifecycle send --help" in done.stderr
    for english in ("Usage:", "Error", "Try", "Invalid", "not one of"):
        assert english not in done.stderr


def test_and_in_english_elsewhere() -> None:
    done = type_in("lifecycle", "sned", LANG="C.UTF-8")
    assert done.returncode == ExitCode.USAGE
    assert "Error: No such command 'sned'." in done.stderr
