"""The seeded bugs: what each changes in the real code, why that is wrong, and which invariant must see it.

A patch names its old text exactly. When the code around it changes, the test of the mutants fails until the
patch has been brought after it.
"""

from __future__ import annotations

from tests.crash.mutants import Edit, Hunt, Mutant

_NO_DOUBT = """        state=State.UNKNOWN,
        lookups=0,
        not_before=now,
        waits_for="already-exists" if reason == "already-exists" else "in-doubt",
"""

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="blind resend",
        why="a deposit in doubt goes again under a new key: the buyer gets the invoice twice",
        sees=frozenset({"I2"}),
        hunts=(Hunt(plan="502-stored"),),
        edits=(
            Edit(
                module="policy.py",
                old=_NO_DOUBT,
                new="""        state=State.VALID,
        tracking_id=f"{(job.tracking_id or '')[:30]}-{job.attempts}",
        not_before=None,
        waits_for="resend",
""",
            ),
        ),
    ),
    Mutant(
        name="resend under the same key without a look-up",
        why="a platform that does not refuse repeats takes the invoice twice",
        sees=frozenset({"I2"}),
        hunts=(Hunt(plan="502-stored"),),
        edits=(
            Edit(
                module="policy.py",
                old=_NO_DOUBT,
                new="""        state=State.VALID,
        not_before=None,
        waits_for="resend",
""",
            ),
        ),
    ),
    Mutant(
        name="no intent",
        why="the journal says that nothing was sent while the platform has it: it is sent again",
        sees=frozenset({"I2"}),
        hunts=(Hunt(likely="submit"),),
        edits=(
            Edit(
                module="journey.py",
                old="""    moved = world.commit([*answers, *intents])
    world.unwritten.clear()
    world.courier.hand_over([world.parcel(step.after, numbers) for step in intents])
""",
                new="""    moved = world.commit(answers)
    world.unwritten.clear()
    world.courier.hand_over([world.parcel(step.after, numbers) for step in intents])
    world.unwritten.update(world.courier.answers(5.0))
    moved += world.commit(intents)
""",
            ),
        ),
    ),
    Mutant(
        name="publish in place",
        why="the accounting software reads half a result",
        sees=frozenset({"I3", "I4"}),
        hunts=(Hunt(likely="copy outbox"),),
        edits=(
            Edit(
                module="moves.py",
                old="        fx.rename(folders.staging / file.staged, target)\n",
                new="        fx.copy(folders.staging / file.staged, target)\n"
                "        fx.unlink(folders.staging / file.staged)\n",
            ),
        ),
    ),
    Mutant(
        name="publish again if missing",
        why="a result that was taken away before the crash comes a second time, and is booked twice",
        sees=frozenset({"I3"}),
        hunts=(Hunt(likely="rename outbox"),),
        edits=(
            Edit(
                module="journey.py",
                old="    jobs = world.take(State.READY)\n",
                new="""    jobs = world.take(State.READY)
    for job in jobs:
        for file, (_, _, content) in zip(job.result, world.compose(job), strict=True):
            gone = not (world.folders.outbox / file.target).exists()
            if gone and not moves.is_staged(world.folders, file):
                world.effects.write(world.folders.staging / file.staged, content or b"")
""",
            ),
        ),
    ),
    Mutant(
        name="no adoption of orphans",
        why="a file that was claimed and not written down is never looked at again",
        sees=frozenset({"I1", "I3", "I6"}),
        hunts=(Hunt(likely="rename work"),),
        edits=(
            Edit(
                module="recovery.py",
                old="        if job_id not in recorded:\n",
                new="        if not job_id:\n",
            ),
        ),
    ),
    Mutant(
        name="copy instead of rename as the claim",
        why="a crash in the copy leaves half a file that is adopted, and the whole one beside it",
        sees=frozenset({"I1", "I2", "I3", "I6"}),
        hunts=(Hunt(likely="copy work"),),
        edits=(
            Edit(
                module="moves.py",
                old="        fx.rename(source, folders.claimed(job))\n",
                new="        fx.copy(source, folders.claimed(job))\n        fx.unlink(source)\n",
            ),
        ),
    ),
    Mutant(
        name="done before the archive",
        why="the journal calls a job done whose original was never put away",
        sees=frozenset({"I1", "I6"}),
        hunts=(Hunt(likely="commit after"),),
        edits=(
            Edit(
                module="journey.py",
                old="    archived = fx.together(clean, ",
                new="    world.commit([Step(before=job, after=replace(job, state=State.DONE)) "
                "for job in clean])\n    archived = fx.together(clean, ",
            ),
            Edit(
                module="journey.py",
                old="    done = [Step(before=job, after=replace(job, state=State.DONE)) "
                "for job, _ in archived.done]\n",
                new="    done: list[Step] = []\n",
            ),
        ),
    ),
    Mutant(
        name="ready before the staged file is durable",
        why="after a power cut the result is empty, or taken for one that was published",
        sees=frozenset({"I3", "I4"}),
        hunts=(Hunt(mode="torn", likely="commit after"), Hunt(mode="cut")),
        edits=(
            Edit(
                module="moves.py",
                old="    return tuple(result), Touched(files=tuple(paths), directories=(folders.staging,))\n",
                new="    return tuple(result), Touched()\n",
            ),
        ),
    ),
    Mutant(
        name="one look-up only",
        why="an index that lags makes us send again what the platform has",
        sees=frozenset({"I2"}),
        hunts=(Hunt(plan="lagging-index"),),
        edits=(
            Edit(
                module="policy.py",
                old="    if lookups < rules.checks or now < job.sent_at + rules.visibility:\n",
                new="    if lookups < 1:\n",
            ),
        ),
    ),
    Mutant(
        name="a conflict taken for a refusal",
        why="the accountant is told that the platform refused what it has: 409 may be our own deposit",
        sees=frozenset({"I2", "I5", "I8"}),
        hunts=(Hunt(plan="409-stored"),),
        edits=(
            Edit(
                module="gateways/afnor_answers.py",
                old="_REFUSALS = frozenset({400, 413,",
                new="_REFUSALS = frozenset({400, 409, 413,",
            ),
        ),
    ),
    Mutant(
        name="no second look after the copy",
        why="a copy of which the writer changed both ends meanwhile is sent, though nobody ever wrote that",
        sees=frozenset({"I1"}),
        hunts=(Hunt(shape="late-copying"),),
        edits=(
            Edit(
                module="effects.py",
                old="        steady = size == after.st_size and _signature(before) == _signature(after)\n",
                new="        steady = bool(before and after)\n",
            ),
        ),
    ),
    Mutant(
        name="a batch written down before its barrier",
        why="after a power cut the journal speaks of copies that the disk does not have",
        sees=frozenset({"I1", "I3", "I4", "I6", "I8", "I9"}),
        hunts=(Hunt(mode="torn"), Hunt(mode="cut"), Hunt(shape="batch", mode="cut")),
        edits=(
            Edit(
                module="effects.py",
                old="        broken = self._flush(files, self.sync_file) "
                "| self._flush(directories, self.sync_directory)\n",
                new="""        late = getattr(self, "_late", ([], []))
        self._late = (files, directories)  # flushed only by the next batch
        broken = self._flush([path for path in late[0] if path.exists()], self.sync_file)
        broken |= self._flush([path for path in late[1] if path.exists()], self.sync_directory)
""",
            ),
        ),
    ),
    Mutant(
        name="one bad job fails its whole batch",
        why="one file that cannot be read keeps all the others waiting, for as long as it lies there",
        sees=frozenset({"I9"}),
        hunts=(Hunt(shape="one-bad"),),
        edits=(
            Edit(
                module="effects.py",
                old="        return Batch(done, failed)\n",
                new="""        if failed:
            failed += [(item, failed[0][1]) for item, _ in done]
            done = []
        return Batch(done, failed)
""",
            ),
        ),
    ),
    Mutant(
        name="no doubt after a restart",
        why="a deposit under way when we died waits for its answer for ever",
        sees=frozenset({"I3", "I9"}),
        hunts=(Hunt(likely="commit after"),),
        edits=(
            Edit(
                module="recovery.py",
                old="            for job in world.take(State.SENDING, limit=_MOST)\n",
                new="            for job in world.take(State.UNKNOWN, limit=_MOST)\n",
            ),
        ),
    ),
    Mutant(
        name="staged results swept at the start",
        why="a result that only had to be renamed is thrown away, and taken for one that was published",
        sees=frozenset({"I3"}),
        hunts=(Hunt(likely="commit after"),),
        edits=(
            Edit(
                module="recovery.py",
                old="not in (State.CONCLUDED, State.READY, None)",
                new="not in (State.CONCLUDED, None)",
            ),
        ),
    ),
    Mutant(
        name="documents of an archive before their copies are durable",
        why="after a power cut the journal speaks of documents that the disk does not have",
        sees=frozenset({"I1", "I2", "I3", "I6", "I8", "I9"}),
        hunts=(
            Hunt(shape="zip", mode="torn", likely="inspect"),
            Hunt(shape="zip", mode="cut", likely="inspect"),
        ),
        edits=(
            Edit(
                module="moves.py",
                old="    return None, Touched(files=targets, directories=(folders.spool,))\n",
                new="    return None, Touched()\n",
            ),
        ),
    ),
    Mutant(
        name="documents of an archive written down after it",
        why="a crash between the two, and the archive has no documents: none of its invoices is sent",
        sees=frozenset({"I1", "I3", "I8", "I9"}),
        hunts=(Hunt(shape="zip", likely="commit after"),),
        edits=(
            Edit(
                module="bundle_journey.py",
                old="    return world.commit([*steps, *(world.put_off",
                new="    world.commit([step for step in steps if step.before])\n"
                "    steps = [step for step in steps if not step.before]\n"
                "    return world.commit([*steps, *(world.put_off",
            ),
        ),
    ),
    Mutant(
        name="a hold that is over and still told",
        why="whoever decided was cut off: the outbox says for ever that an invoice waits which was sent",
        sees=frozenset({"I3", "I4"}),
        hunts=(Hunt(shape="hold"),),
        edits=(
            Edit(
                module="recovery.py",
                old="    sweep_copies(world)\n    withdraw_holds(world)\n",
                new="    sweep_copies(world)\n",
            ),
        ),
    ),
    Mutant(
        name="late bytes archived as the original",
        why="what is archived is not what was sent, and what came late is told to nobody",
        sees=frozenset({"I1", "I3"}),
        hunts=(Hunt(shape="late-sent"),),
        edits=(
            Edit(
                module="moves.py",
                old="        return sha256_of(folders.claimed(job)) != job.sha256\n",
                new="        return not sha256_of(folders.claimed(job))\n",
            ),
        ),
    ),
    Mutant(
        name="what cannot be looked at taken for gone",
        why="a share in trouble for an instant makes us believe that a result was published: nobody gets it",
        sees=frozenset({"I3"}),
        hunts=(Hunt(call="newfstatat", error="EIO"),),
        edits=(
            Edit(
                module="effects.py",
                old="    except (FileNotFoundError, NotADirectoryError):\n"
                "        return False\n    return True\n",
                new="    except OSError:\n        return False\n    return True\n",
            ),
        ),
    ),
    Mutant(
        name="trouble at opening taken for damage",
        why="one read that fails stops the connector until an operator comes",
        sees=frozenset({"I9"}),
        hunts=(Hunt(call="openat", error="EIO"),),
        edits=(
            Edit(
                module="journal/sqlite.py",
                old="        except sqlite3.OperationalError as error:\n"
                '            raise JournalBusy(f"the journal cannot be used now',
                new="        except sqlite3.OperationalError as error:\n"
                '            raise JournalDamaged(f"the journal cannot be used now',
            ),
        ),
    ),
    Mutant(
        name="tidied before it is written down as done",
        why="the archive holds the original by then, so all that is removed is not needed any more",
        hunts=(Hunt(mode="cut"), Hunt(shape="remote-archive")),
        edits=(
            Edit(
                module="journey.py",
                old="    moved += world.commit([*done, ",
                new="    for job, _ in archived.done:\n"
                "        moves.tidy(fx, folders, job)\n"
                "    moved += world.commit([*done, ",
            ),
        ),
    ),
    Mutant(
        name="the cursor of a poll before what it told",
        why="a flow that the poll does not tell of again is asked for by itself after two minutes",
        edits=(
            Edit(
                module="journal/sqlite.py",
                old="""            writing.write(db, batch, at)
            incoming.write_seen(db, came, at)
            db.execute(sql.SET_CURSOR, (account, cursor))
""",
                new="""            db.execute(sql.SET_CURSOR, (account, cursor))
        with self._transaction() as db:
            writing.write(db, batch, at)
            incoming.write_seen(db, came, at)
""",
            ),
        ),
    ),
)
