"""What something costs: time by the clock, work of the processor, and how long the event loop was held up."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
import gc
from statistics import median
import threading
import time
from typing import Final

_LOOKS_EVERY_S: Final = 0.001


@dataclass(slots=True)
class Load:
    """What was measured.

    `work_s` is the processor time of this process, `stall_ms` the longest time for which its event loop could not
    turn to anything else: by processor time of its thread, so that other programs on the same core do not count.
    `own_stall_ms` is the longest without what Python took to look through all there is for garbage.
    """

    wall_s: float = 0
    work_s: float = 0
    stall_ms: float = 0
    own_stall_ms: float = 0


@asynccontextmanager
async def measured(*, watches: bool = False) -> AsyncGenerator[Load]:
    """Measure what happens meanwhile; who `watches` for stalls costs something, too."""
    load = Load()
    over = asyncio.Event()
    watch = asyncio.create_task(_watch(load, over)) if watches else None
    await asyncio.sleep(0)
    began, busy = time.perf_counter(), time.process_time()
    try:
        yield load
    finally:
        load.wall_s, load.work_s = time.perf_counter() - began, time.process_time() - busy
        over.set()
        if watch:
            await watch


def forget_the_start() -> None:
    """Have Python look through all there is once and never again, as if the process had run for long.

    In a young process it does so every now and then, for 200 ms, whoever has a task just then; that is about what
    Home Assistant has imported and not about what is measured.
    """
    gc.collect()
    gc.freeze()


async def _watch(load: Load, over: asyncio.Event) -> None:
    with _collecting() as collected:
        while not over.is_set():
            before, collected_before = time.thread_time(), collected.spent_s
            await asyncio.sleep(_LOOKS_EVERY_S)
            stall_s = time.thread_time() - before
            load.stall_ms = max(load.stall_ms, 1000 * stall_s)
            load.own_stall_ms = max(load.own_stall_ms, 1000 * (stall_s - collected.spent_s + collected_before))


@dataclass(slots=True)
class _Collected:
    spent_s: float = 0
    began: float = 0
    thread: int = field(default_factory=threading.get_ident)

    def __call__(self, phase: str, _info: dict[str, int]) -> None:
        if threading.get_ident() != self.thread:
            return
        if phase == "start":
            self.began = time.thread_time()
        else:
            self.spent_s += time.thread_time() - self.began


@contextmanager
def _collecting() -> Iterator[_Collected]:
    """What Python spends on looking for garbage meanwhile, as far as it does so in this thread."""
    collected = _Collected()
    gc.callbacks.append(collected)
    try:
        yield collected
    finally:
        gc.callbacks.remove(collected)


def microseconds(do: Callable[[], object], *, times: int, rounds: int) -> float:
    """The processor time of doing something once: the median of several rounds."""
    spent: list[float] = []
    for _ in range(rounds):
        busy = time.process_time()
        for _ in range(times):
            do()
        spent.append(time.process_time() - busy)
    return median(spent) / times * 1e6
