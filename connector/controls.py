"""What people tell the connector by files and moves in its folders. Pure: names, and what follows from them.

PAUSE.txt in the inbox                     the route takes nothing new
NAME.annuler (or .cancel) in the inbox     NAME shall not go
a file moved from the errors to the inbox  it is to go again: an ordinary drop
a file moved to errors/traite (or done),
or deleted                                 somebody has seen to it
"""

from __future__ import annotations

from connector.texts import Language

PAUSE = b"pause.txt"
CANCEL: dict[Language, str] = {"fr": ".annuler", "en": ".cancel"}  # each is understood in both languages
TREATED: dict[Language, str] = {"fr": "traite", "en": "done"}  # sub-folder of the errors
