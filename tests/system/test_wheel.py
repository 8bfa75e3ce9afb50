"""The built wheel is whole: installed apart from the checkout, the program works from any directory."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest

from connector.errors import ExitCode
from connector.model import VerdictStatus
from connector.samples.broken import invoice_without_date
from connector.samples.ubl import ubl_invoice

PROJECT = Path(__file__).parents[2]
VERSION = metadata.version("connector")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A fresh environment that holds the wheel, and an empty directory to work from."""

    folder: Path
    elsewhere: Path

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        program, *arguments = map(str, command)
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CONNECTOR_", "PYTHON", "VIRTUAL_ENV"))
        }
        return subprocess.run(
            [str(self.folder / "bin" / program), *arguments],
            cwd=self.elsewhere,
            env=clean,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    build = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--wheel",
        "--outdir",
        str(target),
        str(PROJECT),
    ]
    done = subprocess.run(build, cwd=target, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder, elsewhere = tmp_path_factory.mktemp("venv"), tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    install = ["--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *install], capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # The dependencies are lent by the environment of the tests; its own editable connector is not, because a
    # folder named in a .pth file has no .pth files of its own.
    ours = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    Path(ours, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return Installed(folder=folder, elsewhere=elsewhere)


def test_the_wheel_holds_the_program_its_settings_and_its_schemas_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {
        "connector/py.typed",
        "connector/messages.fr.toml",
        "connector/locale/fr/LC_MESSAGES/connector.mo",
        "connector/_shipped/config/connector.toml",
        "connector/_shipped/schemas/catalogue.toml",
        "connector/_shipped/schemas/results/result.schema.json",
    } <= set(names)
    assert {name.split("/")[0] for name in names} == {"connector", f"connector-{VERSION}.dist-info"}
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_installed_package_is_not_the_checkout(installed: Installed) -> None:
    done = installed.run("python", "-c", "import connector; print(connector.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(installed.folder), done.stderr


def test_it_tells_its_version(installed: Installed) -> None:
    assert installed.run("connector", "--version").stdout == f"connector, version {VERSION}\n"


def test_init_makes_a_set_up_from_the_configuration_that_it_carries(
    installed: Installed, tmp_path: Path
) -> None:
    done = installed.run("connector", "init", tmp_path / "here")
    assert done.returncode == ExitCode.DONE, done.stderr
    assert (tmp_path / "here" / "ventes" / "inbox").is_dir()
    secret = tmp_path / "here" / "secrets" / "pa.client_secret"
    secret.touch(mode=0o600)
    secret.write_text("not a real one", "utf-8")
    checked = installed.run("connector", "check-config", "--config", tmp_path / "here" / "connector.toml")
    assert checked.returncode == ExitCode.DONE, checked.stderr


def test_validate_finds_the_schemas_from_another_directory(installed: Installed, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_bytes(ubl_invoice(number="FA1"))
    bad.write_bytes(invoice_without_date(number="FA2"))
    assert installed.run("connector", "validate", good).returncode == ExitCode.DONE
    done = installed.run("connector", "validate", "--json", bad)
    assert done.returncode == ExitCode.SOME_REFUSED, done.stderr
    assert f'"verdict": "{VerdictStatus.INVALID}"' in done.stdout


def test_the_demo_works(installed: Installed) -> None:
    done = installed.run("connector", "demo", "--folder", installed.elsewhere / "demo")
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
