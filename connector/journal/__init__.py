"""The durable record of jobs, results' names, poll cursors and history; the connector's only memory."""

from connector.journal.sqlite import SqliteJournal
from connector.journal.view import JournalView

__all__ = ["JournalView", "SqliteJournal"]
