"""What something costs: time by the clock, work of the processor, and how long the event loop was held up."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
import gc
from statistics import median
import time
from typing import Final

_LOOKS_EVERY_S: Final = 0.001


@dataclass(slots=True)
class Load:
    """What was measured.

    `work_s` is the processor time of this process, `stall_ms` the longest time for which its event loop could not
    turn to anything else: by processor time of its thread, so that other programs on the same core do not count.
    """

    wall_s: float = 0
    work_s: float = 0
    stall_ms: float = 0


@asynccontextmanager
async def measured(*, watches: bool = False) -> AsyncGenerator[Load]:
    """Measure what happens meanwhile; who `watches` for stalls costs something, too."""
    load = Load()
    over = asyncio.Event()
    watch = asyncio.create_task(_longest_stall_s(over)) if watches else None
    await asyncio.sleep(0)
    began, busy = time.perf_counter(), time.process_time()
    try:
        yield load
    finally:
        load.wall_s, load.work_s = time.perf_counter() - began, time.process_time() - busy
        over.set()
        if watch:
            load.stall_ms = 1000 * await watch


def forget_the_start() -> None:
    """Have Python look through all there is once and never again, as if the process had run for long.

    In a young process it does so every now and then, for 200 ms, whoever has a task just then; that is about what
    Home Assistant has imported and not about what is measured.
    """
    gc.collect()
    gc.freeze()


async def _longest_stall_s(over: asyncio.Event) -> float:
    longest = 0.0
    while not over.is_set():
        before = time.thread_time()
        await asyncio.sleep(_LOOKS_EVERY_S)
        longest = max(longest, time.thread_time() - before)
    return longest


def microseconds(do: Callable[[], object], *, times: int, rounds: int) -> float:
    """The processor time of doing something once: the median of several rounds."""
    spent: list[float] = []
    for _ in range(rounds):
        busy = time.process_time()
        for _ in range(times):
            do()
        spent.append(time.process_time() - busy)
    return median(spent) / times * 1e6
