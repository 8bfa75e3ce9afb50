"""A bundle's part of the journey: taken apart into documents, and told at the end as one.

    (inspect →) unpack → its documents' own journeys → sum up (→ stage → publish → archive)
                           └ gather, where a route lets a bundle go only as a whole

A document of a bundle is a job like any other from its private copy on. Ids and bytes of these copies follow
from the bundle alone, and their jobs begin in one transaction: unpacking may end anywhere and is done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from loguru import logger

from connector import bundles, moves
from connector.model import Job, State, Step
from connector.world import World

TOGETHER = 1000  # documents that are unpacked, made durable and written down together; a bundle is not split


def unpack(world: World) -> int:
    """Give every member of opened bundles a private copy and a job of its own."""
    return sum(_unpack_together(world, group) for group in _groups(world.take(State.OPENED)))


def _unpack_together(world: World, opened: Sequence[Job]) -> int:
    documents = {bundle.id: bundles.documents_of(bundle, world.rules) for bundle in opened}
    batch = world.effects.together(
        opened, lambda bundle: moves.unpack(world.effects, world.folders, bundle, documents[bundle.id])
    )
    steps = []
    for bundle, _ in batch.done:
        steps += [Step(before=None, after=job) for job in documents[bundle.id]]
        steps.append(Step(before=bundle, after=bundles.unpacked(bundle)))
        logger.info("bundle.unpacked", job=bundle.id, route=bundle.route, documents=len(bundle.members))
    return world.commit([*steps, *(world.put_off(bundle, error) for bundle, error in batch.failed)])


def gather(world: World) -> int:
    """Let the documents of bundles that go as a whole go on together, or not at all (`bundle = "all"`)."""
    moved = 0
    for bundle in world.bundles.gathered(world.route):
        documents = world.bundles.documents(bundle)
        moved += world.commit(bundles.together(documents, world.clock.now()))
    return moved


def sum_up(world: World) -> int:
    """Conclude the bundles whose documents have all been told of."""
    now = world.clock.now()
    return world.commit(
        [
            Step(before=bundle, after=bundles.summed_up(bundle, world.bundles.documents(bundle.id), now))
            for bundle in world.bundles.finished(world.route)
        ]
    )


def _groups(opened: Iterable[Job]) -> Iterator[list[Job]]:
    group: list[Job] = []
    for bundle in opened:
        if group and sum(len(job.members) for job in [*group, bundle]) > TOGETHER:
            yield group
            group = []
        group.append(bundle)
    if group:
        yield group
