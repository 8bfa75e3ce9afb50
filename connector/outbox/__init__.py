"""What people and ERPs read of a job's end: the texts and result files of the outbox, as bytes.

`OutboxScribe` writes them from the journal's record alone. It touches no disk and reads no clock; putting the
files where they are seen is the journey's business.
"""

from connector.outbox.scribe import OutboxScribe

__all__ = ["OutboxScribe"]
