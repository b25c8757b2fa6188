"""Accounts that come and go, and what of them is left behind."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import gc
import os
from pathlib import Path
import ssl
import threading
import tracemalloc
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import get_scheduled_timer_handles

from tests.faults.time import see_through

from . import Plan
from .house import House

_OURS: Final = "custom_components.mybmw"
_OUR_FILES: Final = tracemalloc.Filter(inclusive=True, filename_pattern="*/custom_components/mybmw/*")
_STEPS_TO_CONNECT: Final = 15
_KB: Final = 1024
_PAGES: Final = Path("/proc/self/statm")
_OPEN_FILES: Final = Path("/proc/self/fd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What there is while all accounts are taken down; `objects` are those of our classes.

    `encrypted` are the connections that speak TLS, or have: both ends of all to BMW are in this process.
    """

    tasks: int
    timers: int
    threads: int
    files: int
    encrypted: int
    listeners: int
    objects: int
    our_kb: int
    all_kb: int
    resident_kb: int

    @property
    def exact(self) -> dict[str, int]:
        """What has to be as it was, to the last one."""
        return {
            "tasks": self.tasks,
            "timers": self.timers,
            "threads": self.threads,
            "open files and connections": self.files,
            "connections over TLS, open or closed": self.encrypted,
            "listeners": self.listeners,
            "objects of ours": self.objects,
        }

    @property
    def memory_kb(self) -> dict[str, int]:
        """What breathes a little."""
        return {
            "memory that our code asked for (KB)": self.our_kb,
            "memory of Python's objects (KB)": self.all_kb,
            "resident memory (KB)": self.resident_kb,
        }


async def come_and_go(house: House, rounds: int, *, forget: Callable[[], None] = lambda: None) -> Remains:
    """Set all accounts up, have them connected and heard, and take them down, so often; look at what is left then.

    Before that, who listens to them is to `forget` what was heard.
    """
    for _ in range(rounds):
        for entry in house.entries:
            await see_through(house.hass.config_entries.async_setup(entry.entry_id), house.freezer)
            assert entry.state is ConfigEntryState.LOADED
        assert house.cloud.requests
        await house.live()
        for _ in range(_STEPS_TO_CONNECT):
            if house.cloud.stream.gate.sessions:
                break
            await house.live()
        assert house.cloud.stream.gate.sessions
        for entry in house.entries:
            assert await see_through(house.hass.config_entries.async_unload(entry.entry_id), house.freezer)
        await see_through(house.hass.async_block_till_done(), house.freezer)
        await house.live()
        house.cloud.requests.clear()  # what the simulated cloud remembers is no business of ours
        house.cloud.stream.gate.knocks.clear()
    await house.settle()
    forget()
    gc.collect()
    return _remains(house.hass)


def our_objects() -> int:
    """How many objects of our classes there are, but for those that the test package has frozen with all modules."""
    return sum(type(thing).__module__.startswith(_OURS) for thing in gc.get_objects())


def encrypted() -> int:
    """How many connections over TLS there are, also such as are closed and not forgotten."""
    return sum(isinstance(thing, ssl.SSLObject | ssl.SSLSocket) for thing in gc.get_objects())


def _remains(hass: HomeAssistant) -> Remains:
    loop = asyncio.get_running_loop()
    snapshot = tracemalloc.take_snapshot() if tracemalloc.is_tracing() else None
    our_bytes = (
        sum(stat.size for stat in snapshot.filter_traces([_OUR_FILES]).statistics("filename")) if snapshot else 0
    )
    return Remains(
        tasks=len(asyncio.all_tasks()),
        timers=sum(not handle.cancelled() for handle in get_scheduled_timer_handles(loop)),
        threads=threading.active_count(),
        files=len([*_OPEN_FILES.iterdir()]) if _OPEN_FILES.exists() else 0,
        encrypted=encrypted(),
        listeners=Counter(hass.bus.async_listeners()).total(),
        objects=our_objects(),
        our_kb=our_bytes // _KB,
        all_kb=tracemalloc.get_traced_memory()[0] // _KB,
        resident_kb=int(_PAGES.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // _KB if _PAGES.exists() else 0,
    )


def tell(plan: Plan, looks: Mapping[int, Remains]) -> None:
    """Tell what was left, by the number of rounds."""
    names = [*looks[0].exact, *looks[0].memory_kb]
    table = {rounds: {**look.exact, **look.memory_kb} for rounds, look in looks.items()}
    plan.tell_table(
        ("left after … rounds", *map(str, looks)), ((name, *(row[name] for row in table.values())) for name in names)
    )
