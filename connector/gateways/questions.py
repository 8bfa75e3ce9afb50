"""Questions to a directory while documents are being sent: in places of their own, and without consequences.

Whatever the directory answers or does not, the account is not stopped for it; and a slow one holds up nobody.
Used on the event loop only.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from loguru import logger

from connector.directory import Address, DirectoryLine, Told
from connector.gateways.base import Gateway, ReadFailed

LONGEST = 10.0  # seconds for one question, all of its pages included


class Questions:
    """The questions of one account.

    Args:
        gateway: of the account.
        closed: why nothing may be asked now; None when one may.
        places: questions asked at once.
    """

    def __init__(self, gateway: Gateway, closed: Callable[[], ReadFailed | None], places: int) -> None:
        self._gateway, self._closed = gateway, closed
        self._places = asyncio.Semaphore(places)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, wanted: Address, tell: Callable[[Told], None]) -> None:
        """Ask; `tell` is called once, whatever comes of it."""
        task = asyncio.get_running_loop().create_task(self._ask(wanted, tell))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Break off what is being asked."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)

    async def _ask(self, wanted: Address, tell: Callable[[Told], None]) -> None:
        lines: tuple[DirectoryLine, ...] = ()
        trouble: str | None = "shutdown"  # should it be broken off
        try:
            async with self._places:
                if (closed := self._closed()) is not None:
                    raise closed  # noqa: TRY301 - one place tells what failed
                async with asyncio.timeout(LONGEST):
                    lines = await self._gateway.find_recipient(wanted)
            trouble = None
        except ReadFailed as failure:
            trouble = failure.reason
        except TimeoutError:
            trouble = "timeout"
        except Exception as bug:  # noqa: BLE001 - every question is answered
            # As text: loguru would print the values of local variables, tokens among them.
            logger.error("a question to the directory failed\n{}", "".join(traceback.format_exception(bug)))
            trouble = "internal"
        finally:
            tell(Told(at=datetime.now(UTC), lines=lines, trouble=trouble))
