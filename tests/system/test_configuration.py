"""A configuration that cannot work: exit 78 with a clear sentence, before any file is touched."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector import checks
from connector.samples.ubl import ubl_invoice
from connector.settings import load
from connector.simulator import Simulator
from tests.platform import platform as platform
from tests.setup_tree import SECRET, Ended, Tree, plant, visible


@pytest.fixture
def tree(tmp_path: Path, platform: Simulator) -> Tree:
    made = plant(tmp_path, platform)
    made.drop("FA1.xml", ubl_invoice())
    return made


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield Path(folder)


def change(tree: Tree, old: str, new: str) -> None:
    text = tree.config.read_text("utf-8")
    assert old in text
    tree.config.write_text(text.replace(old, new, 1), "utf-8")


def assert_refused(tree: Tree, ended: Ended, *words: str) -> None:
    assert ended.code == 78, ended.err
    for word in words:
        assert word in ended.err
    assert "Traceback" not in ended.err
    assert SECRET not in ended.err
    assert visible(tree.inbox) == ["FA1.xml"]


VERBS = ("run", "check-config")


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_key_with_the_key_that_was_meant(tree: Tree, verb: str) -> None:
    change(tree, "quiet_seconds", "quiet_second")
    assert_refused(tree, tree.run(verb), "quiet_second", 'did you mean "quiet_seconds"?')


@pytest.mark.parametrize("verb", VERBS)
def test_a_missing_secret(tree: Tree, verb: str) -> None:
    environment = tree.environment()
    del environment["CONNECTOR_PA_CLIENT_SECRET"]
    assert_refused(tree, tree.run(verb, env=environment), "pa.client_secret", "CONNECTOR_PA_CLIENT_SECRET")


def test_a_secret_file_that_everybody_can_read(tree: Tree) -> None:
    environment = tree.environment()
    del environment["CONNECTOR_PA_CLIENT_SECRET"]
    path = tree.folder / "secrets" / "pa.client_secret"
    path.parent.mkdir()
    path.write_text(SECRET)
    path.chmod(0o644)
    assert_refused(tree, tree.run("run", "--once", env=environment), f"chmod 600 {path}")
    path.chmod(0o600)
    assert tree.run("run", "--once", env=environment).code == 0


@pytest.mark.parametrize("verb", VERBS)
def test_S04_inbox_and_work_on_two_file_systems(tree: Tree, elsewhere: Path, verb: str) -> None:
    change(tree, "quiet_seconds", f'work = "{elsewhere}"\nquiet_seconds')
    assert_refused(tree, tree.run(verb), "two file systems", str(elsewhere))


def test_S16_an_archive_on_another_file_system_is_fine(tree: Tree, elsewhere: Path) -> None:
    change(tree, "quiet_seconds", f'archive = "{elsewhere}"\nquiet_seconds')
    assert tree.run_once().code == 0
    (archived,) = [path for path in elsewhere.rglob("*") if path.is_file()]
    assert archived.read_bytes() == ubl_invoice()


def test_S17_a_state_directory_on_a_network_file_system(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    # No share can be mounted here: the kernel's table is the only thing that is made up.
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)
    monkeypatch.setattr(checks, "kind_of", lambda path: "nfs4" if path == tree.state else "ext4")
    (found,) = checks.faults(load(tree.config))
    assert "state_dir" in found
    assert "nfs4" in found


def test_W09_an_inbox_that_is_not_there(tree: Tree) -> None:
    change(tree, f'root = "{tree.root}"', f'root = "{tree.folder / "unmounted"}"')
    assert_refused(tree, tree.run("run"), "there is no inbox", "unmounted")
    assert not (tree.folder / "unmounted" / "inbox").exists()


def test_an_outbox_inside_the_inbox(tree: Tree) -> None:
    change(tree, "quiet_seconds", f'outbox = "{tree.inbox / "resultats"}"\nquiet_seconds')
    assert_refused(tree, tree.run("run"), "lies inside the inbox")


def test_a_root_inside_the_inbox_whose_pages_would_be_taken(tree: Tree) -> None:
    change(tree, f'root = "{tree.root}"', f'root = "{tree.inbox / "racine"}"\ninbox = "{tree.inbox}"')
    assert_refused(tree, tree.run("run"), "its root", "lies inside the inbox")


def test_a_mail_server_whose_password_is_missing(tree: Tree) -> None:
    with tree.config.open("a", encoding="utf-8") as settings:
        settings.write(
            '[mail]\nhost = "127.0.0.1"\nto = ["a@example.com"]\nstarttls = true\nusername = "u"\n'
        )
    assert_refused(tree, tree.run("run"), "mail.password")


def test_a_work_folder_inside_the_inbox_is_refused(tree: Tree) -> None:
    change(tree, "quiet_seconds", f'work = "{tree.inbox / "travail"}"\nquiet_seconds')
    ended = tree.run_once()
    assert ended.code == 78
    assert "work folder" in ended.err
    assert tree.jobs() == []


def test_a_state_directory_inside_the_inbox_is_refused(tree: Tree) -> None:
    inside = {"CONNECTOR_STATE_DIR": str(tree.inbox / "etat")}
    ended = tree.run("run", "--once", env=tree.environment(**inside))
    assert ended.code == 78
    assert "state_dir lies inside" in ended.err


def test_a_time_zone_that_does_not_exist(tree: Tree) -> None:
    change(tree, 'language = "fr"', 'language = "fr"\ntimezone = "Europe/Pariss"')
    assert_refused(tree, tree.run("run"), "Europe/Pariss")


def test_a_route_that_is_not_configured(tree: Tree) -> None:
    assert_refused(tree, tree.run("run", "--once", "--route", "achats"), "achats")


def test_a_configuration_file_that_is_not_there(tree: Tree) -> None:
    tree.config.unlink()
    assert_refused(tree, tree.run("run"), "not found")


def test_with_json_the_findings_are_one_object_on_standard_error(tree: Tree) -> None:
    change(tree, "quiet_seconds", "quiet_second")
    ended = tree.run("run", "--json")
    assert json.loads(ended.err)["exit_code"] == ended.code == 78
    assert ended.out == ""


def test_S02_an_inbox_that_is_mounted_read_only(tree: Tree) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    script = (
        f'mount --bind "{tree.inbox}" "{tree.inbox}" && mount -o remount,bind,ro "{tree.inbox}" && exec "$@"'
    )
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("no mount namespace here")
    ended = tree.run("run", before=["unshare", "-m", "sh", "-c", script, "sh"])
    assert ended.code == 78, ended.err
    assert str(tree.inbox) in ended.err


def test_check_config_prints_what_is_in_force_and_no_secret(tree: Tree) -> None:
    ended = tree.run("check-config")
    assert ended.code == 0, ended.err
    assert "CONNECTOR_PA_CLIENT_SECRET" in ended.out
    assert "quiet_seconds = 0.1" in ended.out
    assert SECRET not in ended.out + ended.err
    (record,) = tree.run("check-config", "--json").lines
    assert record["ok"] is True
    assert SECRET not in str(record)


def test_init_makes_a_set_up_that_check_config_accepts_once_secret_and_urls_are_given(tree: Tree) -> None:
    made = Tree(folder=tree.folder / "new")
    environment = made.environment(
        CONNECTOR_CONFIG=str(tree.config)
    )  # of another set-up, which stays as it is
    before = visible(tree.root)
    command = [*made.command("init")[:3], "init", str(made.folder)]
    subprocess.run(command, env=environment, cwd=tree.folder, check=True, capture_output=True)
    text = made.config.read_text("utf-8")
    (account,) = {line.split('"')[1].upper() for line in text.splitlines() if line.startswith("account")}
    environment[f"CONNECTOR_{account}_CLIENT_SECRET"] = SECRET
    environment[f"CONNECTOR_ACCOUNT__{account}__BASE_URL"] = "https://pa.example.com/flow-service"
    environment[f"CONNECTOR_ACCOUNT__{account}__TOKEN_URL"] = "https://pa.example.com/token"
    ended = made.run("check-config", env=environment)
    assert ended.code == 0, ended.err
    again = subprocess.run(command, env=environment, cwd=tree.folder, check=False, capture_output=True)
    assert again.returncode == 78
    assert made.config.read_text("utf-8") == text
    assert visible(tree.root) == before
    assert not (tree.root / "archive").exists()
