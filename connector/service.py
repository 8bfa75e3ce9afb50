"""The running connector: recovery, then the lanes, supervised until told to stop or until nothing is left."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from loguru import logger

from connector import lanes, reception, recovery
from connector.chores import Housekeeping
from connector.errors import ExitCode
from connector.gateways import LOCKED_OUT, Snapshot
from connector.lanes import Follower, Lane
from connector.model import FINE, Job, State
from connector.notify import notify
from connector.paths import pulse_of
from connector.policy import FAR_FUTURE, OPEN
from connector.pulse import AccountPulse, LanePulse, Pulse, beat
from connector.upkeep import Upkeep
from connector.wiring import Assembly, Line

GRACE = 20.0  # seconds for what is under way when told to stop; less than systemd's TimeoutStopSec
SILENCE = (
    1800.0  # seconds without a round before a lane counts as stuck: a batch of large files takes its time
)
_OUTBOX_STATES = (State.CONCLUDED, State.READY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run has done and left, as far as its exit code needs to know."""

    outcomes: dict[str, int]  # of the jobs concluded in this run
    left: int = 0  # jobs still on their way
    in_inbox: int = 0  # files seen and not taken
    outbox_blocked: bool = False
    account_stopped: bool = False
    crashed: bool = False

    @property
    def exit_code(self) -> ExitCode:
        if self.crashed:
            return ExitCode.PLATFORM_DOWN
        if self.outbox_blocked:
            return ExitCode.OUTBOX
        if self.account_stopped:
            return ExitCode.AUTHENTICATION
        if self.left or self.in_inbox:
            return ExitCode.KEPT_FOR_LATER
        refused = sum(count for outcome, count in self.outcomes.items() if outcome not in FINE)
        return ExitCode.SOME_REFUSED if refused else ExitCode.DONE


class Service:
    """One process's work on its routes.

    Args:
        assembly: from `wiring.assembled`.
        stop: set from outside (a signal) to end.
        tick: called often by the supervising thread with the jobs concluded and left; None: nobody looks.
    """

    def __init__(
        self,
        assembly: Assembly,
        stop: threading.Event,
        tick: Callable[[int, int], None] | None = None,
    ) -> None:
        self._assembly, self._stop, self._tick = assembly, stop, tick
        self._started_at = datetime.now(UTC)
        self._watch = lanes.Stopwatch()
        self._upkeep = Upkeep(assembly.desks.values(), assembly.journal)
        self._lanes: list[Lane] = []
        self._intakes: list[Lane] = []
        self._followers: dict[str, Follower] = {}
        for line in assembly.lines:
            self._lanes += self._lanes_of(line)
        self._lanes += [self._follow_lane(account) for account in assembly.desks]

    # ------------------------------------------------------------------ running
    def run(self, *, once: bool = False, follow_for: float = 60.0) -> Report:
        """Recover, then work until stopped; with `once`, until all is done or nothing has moved for a while.

        Args:
            follow_for: seconds without any movement after which a `once` run leaves the rest for later.
        """
        self._beat(time.monotonic())  # what follows may take a while, and somebody may ask meanwhile
        for line in self._assembly.lines:
            recovery.recover(line.world)
        for office in self._assembly.offices.values():
            reception.recover(office)
        gc.collect()
        gc.freeze()  # what is here now stays: no need to look through it again for every batch
        keeper = Housekeeping(self._assembly.chores)
        for thread in (*self._lanes, keeper):
            thread.start()
        self._listen()
        notify("READY=1")
        try:
            self._supervise(once, follow_for)
        finally:
            notify("STOPPING=1")
            if self._assembly.webhooks is not None:
                self._assembly.webhooks.stop()
            for lane in self._lanes:
                lane.stop()
            for lane in self._lanes:
                lane.join(GRACE + 10.0)
            self._upkeep()
            keeper.stop()
            keeper.join(GRACE)
        return self._report()

    def _supervise(self, once: bool, follow_for: float) -> None:
        next_note = 0.0
        while not self._stop.wait(0.2):
            self._upkeep()
            if self._tick is not None:
                self._tick(sum(self._outcomes().values()), self._left())
            if any(lane.crashed for lane in self._lanes):
                return
            now = time.monotonic()
            if now >= next_note and all(now - lane.beat < SILENCE for lane in self._lanes):
                notify("WATCHDOG=1", f"STATUS={self._status()}")
                self._beat(now)
                next_note = now + 5.0
            if once and self._is_over(now, follow_for):
                return

    def _is_over(self, now: float, follow_for: float) -> bool:
        lines = self._assembly.lines
        nothing_new = all(line.inbox.is_scanned and not line.inbox.waiting for line in lines)
        if nothing_new and all(each.has_asked for each in self._followers.values()) and not self._left():
            return True
        if any(not line.inbox.is_scanned or line.inbox.is_settling for line in lines):
            return False
        # A file that is being looked into moves nothing until its verdict is there.
        patience = self._assembly.settings.workers.time_limit
        if any(lane.in_round and now - lane.beat < patience for lane in self._intakes):
            return False
        return now - max(lane.last_moved for lane in self._lanes) > follow_for

    def _listen(self) -> None:
        """Let platforms call. If that cannot be, they are asked from time to time as ever."""
        server = self._assembly.webhooks
        if server is None:
            return
        try:
            server.start(self._news_for)
        except OSError as error:
            logger.error("webhook.not-listening", error=str(error))
        else:
            logger.info("webhook.listening", port=server.port)

    def _news_for(self, account: str) -> None:
        """Have the account's platform asked now."""
        if account in self._followers:
            self._followers[account].hurry()
        for lane in self._lanes:
            if lane.name == f"{account}/follow":
                lane.ring()

    # ------------------------------------------------------------------ lanes
    def _lanes_of(self, line: Line) -> list[Lane]:
        world, name = line.world, line.route.name
        closing = Lane(f"{name}/closing", partial(self._watch.round(*lanes.CLOSING), world))

        def follow() -> None:
            closing.ring()
            for lane in self._lanes:
                if lane.name == f"{world.account}/follow":
                    lane.ring()

        sending = Lane(
            f"{name}/sending",
            partial(self._watch.round(*lanes.SENDING), world),
            pause=partial(lanes.sending_pause, world),
            moved=follow,
            last=partial(lanes.drain, world, GRACE),
        )

        def inspected() -> None:
            sending.ring()
            closing.ring()

        intake = Lane(
            f"{name}/intake",
            partial(self._watch.round(*lanes.INTAKE), world),
            pause=line.inbox.pause,
            moved=inspected,
        )
        line.inbox.on_ring(intake.ring)
        self._intakes.append(intake)
        return [intake, sending, closing]

    def _follow_lane(self, account: str) -> Lane:
        office = self._assembly.offices[account]
        worlds = [line.world for line in self._assembly.lines if line.world.account == account]
        settings = next(found for found in self._assembly.settings.account if found.name == account)
        journal = self._assembly.journal
        follower = Follower(
            journal,
            worlds,
            lambda: any(journal.counts(world.route).get(State.RECEIVED) for world in worlds),
            lambda: bool(office.receivers.receiving) or journal.has_sent(account),
            office,
            every=settings.poll_seconds,
            seldom=settings.status_seconds,
            overlap=settings.poll_overlap,
        )

        def concluded() -> None:
            for lane in self._lanes:
                lane.ring()

        self._followers[account] = follower
        return Lane(f"{account}/follow", follower, pause=follower.pause, moved=concluded)

    # ------------------------------------------------------------------ telling
    def _left(self) -> int:
        journal = self._assembly.journal
        jobs = sum(lanes.unsettled(journal.counts(line.route.name)) for line in self._assembly.lines)
        return jobs + self._incoming_left()

    def _incoming_left(self) -> int:
        """Flows of the accounts, and deliveries of the routes, that are still on their way to an outbox."""
        journal = self._assembly.journal
        flows = sum(
            journal.untaken(office.account, office.receivers.matters)
            for office in self._assembly.offices.values()
        )
        return flows + sum(journal.undelivered(line.route.name) for line in self._assembly.lines)

    def _outcomes(self) -> dict[str, int]:
        return self._assembly.journal.outcomes(self._started_at)

    def _status(self) -> str:
        troubles = "; ".join(f"{lane.name}: {lane.trouble}" for lane in self._lanes if lane.trouble)
        return f"{self._left()} on their way" + (f"; {troubles}" if troubles else "")

    def _beat(self, now: float) -> None:
        pulse = Pulse(
            at=datetime.now(UTC),
            started_at=self._started_at,
            pid=os.getpid(),
            lanes=tuple(
                LanePulse(name=lane.name, silent=round(now - lane.beat, 1), trouble=lane.trouble)
                for lane in self._lanes
            ),
            accounts=tuple(_account_pulse(desk.snapshot()) for desk in self._assembly.desks.values()),
            in_inbox={line.route.name: line.inbox.waiting for line in self._assembly.lines},
        )
        try:
            beat(pulse_of(self._assembly.settings), pulse)
        except OSError as error:  # the state directory's disk: the journal will say more
            logger.warning("pulse.failed", error=str(error))

    def _open_jobs(self) -> list[Job]:
        journal = self._assembly.journal
        return [
            job
            for line in self._assembly.lines
            for job in journal.take(line.route.name, OPEN, 1000, FAR_FUTURE)
        ]

    def _report(self) -> Report:
        left = self._open_jobs()
        stopped = {job.waits_for for job in left} & LOCKED_OUT
        blocked = [job for job in left if job.state in _OUTBOX_STATES and job.waits_for]
        report = Report(
            outcomes=self._outcomes(),
            left=len(left) + self._incoming_left(),
            in_inbox=sum(line.inbox.waiting for line in self._assembly.lines),
            outbox_blocked=bool(blocked),
            account_stopped=bool(stopped),
            crashed=any(lane.crashed for lane in self._lanes),
        )
        logger.info(
            "run.stages", **{name: round(seconds, 3) for name, seconds in self._watch.seconds.items()}
        )
        logger.info("run.ended", left=report.left, in_inbox=report.in_inbox, **report.outcomes)
        return report


def _account_pulse(seen: Snapshot) -> AccountPulse:
    return AccountPulse(
        name=seen.account,
        way=seen.way,
        reason=seen.reason,
        wait=round(seen.wait, 1),
        in_flight=seen.in_flight,
    )
