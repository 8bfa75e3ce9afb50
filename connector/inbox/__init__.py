"""Finding whole files in an inbox: the scan is the truth, events only ring a bell, and nothing is touched."""

from connector.inbox.bell import Bell
from connector.inbox.inbox import Inbox

__all__ = ["Bell", "Inbox"]
