"""The readings of a car alone, as messages bring them: half of what comes is news, half was said before.

Run as `python -m tests.bench.remembering READINGS ROUNDS`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import logging
from statistics import median
import sys
import time
from typing import Final

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.cardata.catalogue import CATALOGUE
from custom_components.mybmw.sources.cardata.entry import Kind
from custom_components.mybmw.sources.cardata.readings import Readings

_FIRST: Final = datetime(2026, 2, 20, 12, tzinfo=UTC)


def readings_per_second(readings: int, rounds: int) -> float:
    """How many a second of processor time: the median of several rounds."""
    spent: list[float] = []
    for _ in range(rounds):
        car, now = Readings(), _FIRST + timedelta(days=1)
        messages = list(_messages(readings))
        busy = time.process_time()
        news = sum(car.take(message, now, _FIRST) for message in messages)
        spent.append(time.process_time() - busy)
        assert 0 < news <= len(messages)
    return readings / median(spent)


def _messages(readings: int) -> Iterator[Json]:
    """One value per message, as BMW sends them; each is said twice, as after a connection that broke."""
    numbers = [key for key, entry in CATALOGUE.items() if entry.kind is Kind.NUMBER]
    for number in range(readings):
        turn, which = divmod(number // 2, len(numbers))
        written = (_FIRST + timedelta(seconds=turn)).isoformat().replace("+00:00", "Z")
        yield {numbers[which]: {"timestamp": written, "value": turn % 100, "unit": None}}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(readings_per_second(*map(int, sys.argv[1:])))  # noqa: T201 (is read by who started it)
