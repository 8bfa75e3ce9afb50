"""What the supervising thread keeps written down beside the journey: how each account stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from loguru import logger

from connector.errors import Deferrable
from connector.standing import Standing, is_news


class Stands(Protocol):
    """An account, as far as its standing goes."""

    def standing(self) -> Standing:
        """How it stands now."""


class StandingBook(Protocol):
    """The part of the journal that keeps standings."""

    def keep_standing(self, standing: Standing) -> None:
        """Write it down in the place of what was written for the account. Raises `Deferrable`."""


class Upkeep:
    """Writes down the standing of accounts when there is news of it. For one thread.

    Args:
        accounts: whose standing is kept.
        book: where.
    """

    def __init__(self, accounts: Iterable[Stands], book: StandingBook) -> None:
        self._accounts, self._book = tuple(accounts), book
        self._kept: dict[str, Standing] = {}
        self._in_trouble = False

    def __call__(self) -> None:
        """Write down what is new. A journal in trouble is tried again at the next call."""
        for account in self._accounts:
            standing = account.standing()
            if is_news(standing, self._kept.get(standing.account)):
                self._keep(standing)

    def _keep(self, standing: Standing) -> None:
        try:
            self._book.keep_standing(standing)
        except Deferrable as error:
            if not self._in_trouble:
                logger.warning("standing.not-kept", account=standing.account, error=str(error))
            self._in_trouble = True
            return
        self._in_trouble = False
        self._kept[standing.account] = standing
