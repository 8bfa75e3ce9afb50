"""One message to people by SMTP, for sites that want to be told. Off unless the settings name a server."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

from pydantic import SecretStr

from connector.delivery import Mail

_TIMEOUT = 30.0  # seconds for each answer of the server


class Mailer:
    """Sends plain messages through one server.

    Args:
        password: of `mail.username`; None when the server wants none.
    """

    def __init__(self, settings: Mail, password: SecretStr | None) -> None:
        self._settings, self._password = settings, password

    def send(self, subject: str, text: str) -> None:
        """Hand one message to the server.

        Raises:
            OSError: it did not take it; smtplib's errors are of this kind too.
        """
        given = self._settings
        message = EmailMessage()
        message["Subject"] = " ".join(subject.split())  # a line end would begin another header
        message["From"], message["To"] = given.sender, ", ".join(given.to)
        message.set_content(text)
        assert given.host is not None
        with smtplib.SMTP(given.host, given.port, timeout=_TIMEOUT) as server:
            if given.starttls:
                server.starttls(context=ssl.create_default_context())
            if given.username is not None and self._password is not None:
                server.login(given.username, self._password.get_secret_value())
            server.send_message(message)
