"""Which file system holds a path, from texts in the form of /proc/self/mountinfo."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.mounts import is_remote, kind_of, quiet_seconds

TEXT = r"""22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
31 22 0:27 / /srv rw shared:13 - xfs /dev/vdb rw
40 31 0:35 / /srv/einvoice rw,relatime shared:20 - cifs //nas/einvoice rw,vers=3.1.1
41 40 0:36 / /srv/einvoice/local rw - ext4 /dev/vdc rw
42 22 0:40 / /mnt/nfs rw - nfs4 nas:/export rw,vers=4.2
43 22 0:41 / /mnt/my\040share rw master:2 propagate_from:1 - fuse.sshfs me@host:/ rw
44 22 0:42 / /mnt/host rw - 9p host rw
45 22 0:43 / /mnt/over rw - ext4 /dev/vdd rw
46 45 0:44 / /mnt/over rw - nfs nas:/other rw
a line that makes no sense
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/etc", "ext4"),
        ("/", "ext4"),
        ("/srv/data", "xfs"),
        ("/srv/einvoice", "cifs"),
        ("/srv/einvoice/ventes/inbox", "cifs"),
        ("/srv/einvoice/local/ventes", "ext4"),  # a mount inside a mount
        ("/srv/einvoice2/ventes", "xfs"),  # only looks like it
        ("/mnt/nfs/ventes", "nfs4"),
        ("/mnt/my share/ventes", "fuse.sshfs"),
        ("/mnt/host/not/there/yet", "9p"),
        ("/mnt/over/x", "nfs"),  # the later mount hides the earlier one
    ],
)
def test_the_innermost_mount_tells(path: str, kind: str) -> None:
    assert kind_of(Path(path), TEXT) == kind


def test_a_kernel_that_does_not_tell_is_unknown() -> None:
    assert kind_of(Path("/srv"), "") == "unknown"


def test_the_kernels_own_table_is_read_by_default() -> None:
    assert kind_of(Path("/proc/self")) == "proc"


@pytest.mark.parametrize(
    "kind", ["cifs", "smb3", "nfs", "nfs4", "fuse", "fuse.sshfs", "9p", "vboxsf", "drvfs", "fuseblk"]
)
def test_W04_shares_are_scanned_and_never_trusted_to_raise_events(kind: str) -> None:
    assert is_remote(kind)
    assert quiet_seconds(kind) >= 30


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "unknown"])
def test_local_disks_are_local(kind: str) -> None:
    assert not is_remote(kind)
    assert quiet_seconds(kind) == 5


def test_W11_nfs_waits_longer_than_its_attribute_cache() -> None:
    assert quiet_seconds("nfs") > 60
    assert quiet_seconds("nfs4") > 60
