"""Every error of the connector, sorted by who must act.

    ConnectorError
    ├── Deferrable              nobody: it is tried again by itself
    │   ├── PlatformUnavailable     network, 5xx, quota, token endpoint down
    │   └── JournalBusy             the journal cannot be written now: disk full, or locked
    ├── Refused                 the sender: this file must change
    │   └── Unreadable              not a document we can read
    └── NeedsOperator           the operator: settings, rights, secrets, disk
        ├── ConfigurationError      what the settings say cannot work
        ├── AuthenticationFailed    the platform does not know our secret or our rights
        ├── NotOffered              the platform has no such service, or refuses the question
        ├── AnotherInstance         the state directory is in use
        └── JournalDamaged          the durable record cannot be trusted

Anything else that is raised is a bug of ours. The exit codes are those of `connector`'s command line.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the command line; 65 and above follow sysexits.h."""

    DONE = 0
    SOME_REFUSED = 1
    USAGE = 2
    KEPT_FOR_LATER = 3
    LOCKED = 4
    UNREADABLE = 65
    PLATFORM_DOWN = 69
    OUTBOX = 73
    TRY_AGAIN = 75
    AUTHENTICATION = 77
    CONFIGURATION = 78
    INTERRUPTED = 130


class ConnectorError(Exception):
    """Base of all errors that the connector raises on purpose."""

    exit_code: ExitCode = ExitCode.SOME_REFUSED


class Deferrable(ConnectorError):
    exit_code = ExitCode.TRY_AGAIN


class _Answered(ConnectorError):
    """What came of a question to a platform.

    Args:
        words: for the operator; no secrets.
        reason: a code for programs: "connect", "timeout", "rate", "unauthorized", "bad-question", …
    """

    def __init__(self, words: str = "", *, reason: str = "unavailable") -> None:
        super().__init__(words)
        self.reason = reason


class PlatformUnavailable(_Answered, Deferrable):
    exit_code = ExitCode.KEPT_FOR_LATER


class JournalBusy(Deferrable):
    pass


class Refused(ConnectorError):
    exit_code = ExitCode.SOME_REFUSED


class Unreadable(Refused):
    exit_code = ExitCode.UNREADABLE


class NeedsOperator(ConnectorError):
    exit_code = ExitCode.CONFIGURATION


class ConfigurationError(NeedsOperator):
    """What the settings say cannot work.

    Args:
        findings: one sentence a fault, each naming the setting.
    """

    exit_code = ExitCode.CONFIGURATION

    def __init__(self, *findings: str) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


class AuthenticationFailed(_Answered, NeedsOperator):
    exit_code = ExitCode.AUTHENTICATION


class NotOffered(_Answered, NeedsOperator):
    exit_code = ExitCode.CONFIGURATION


class AnotherInstance(NeedsOperator):
    exit_code = ExitCode.LOCKED


class JournalDamaged(NeedsOperator):
    exit_code = ExitCode.CONFIGURATION
