"""How long BMW asks us to wait."""

from datetime import datetime, timedelta
from email.utils import format_datetime

import httpx
from hypothesis import given, strategies as st
import pytest

from custom_components.mybmw.sources.exchange import Answer
from custom_components.mybmw.sources.mybmw import patience
from custom_components.mybmw.sources.mybmw.patience import LONGEST_WAIT

from .cloud import Clock


def told_wait(header: str | None, message: str, now: datetime) -> timedelta | None:
    """The wait that an answer with this header, if it has it at all, and this text asks for."""
    headers = [] if header is None else [(b"retry-after", header.encode())]
    return patience.told_wait(Answer(status=429, headers=httpx.Headers(headers), body=b"").retry_after(now), message)


@pytest.mark.parametrize(
    ("header", "message", "seconds"),
    [
        ("7", "", 7),
        ("7", "Try again in 15 seconds.", 7),
        ("0", "Try again in 15 seconds.", 15),
        ("nonsense", "Try again in 15 seconds.", 15),
        (None, "Rate limit is exceeded. Try again in 2 seconds.", 2),
        (None, "Rate limit is exceeded. Try again in 15 seconds.", 15),
        (None, "Out of call volume quota. Quota will be replenished in 02:26:24.", 2 * 3600 + 26 * 60 + 24),
        (None, "Quota will be replenished in 00:00:05", 5),
        (None, "Quota will be replenished in 0.12:00:00.", 12 * 3600),
    ],
)
def test_every_way_of_saying_so_is_understood(header: str | None, message: str, seconds: int, clock: Clock) -> None:
    assert told_wait(header, message, clock()) == timedelta(seconds=seconds)


@pytest.mark.parametrize("message", ["", "Too many requests", "Try again later", "²"])
@pytest.mark.parametrize("header", [None, "", "0", "-5", "soon", "²"])
def test_nothing_said_is_nothing_understood(header: str | None, message: str, clock: Clock) -> None:
    assert told_wait(header, message, clock()) is None


def test_a_date_is_as_good_as_a_number(clock: Clock) -> None:
    now = clock().replace(microsecond=0)
    assert told_wait(format_datetime(now + timedelta(seconds=90), usegmt=True), "", now) == timedelta(seconds=90)
    assert told_wait("Sun, 28 Nov 2021 21:29:59 -0000", "", now) == timedelta(seconds=60)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("999999999999999999999", ""),
        ("Fri, 31 Dec 9999 23:59:59 GMT", ""),
        (None, "Try again in 999999999999999 seconds"),
        (None, "Quota will be replenished in 999.23:59:59."),
    ],
)
def test_no_wait_is_longer_than_a_day(header: str | None, message: str, clock: Clock) -> None:
    assert told_wait(header, message, clock()) == LONGEST_WAIT == timedelta(days=1)


@pytest.mark.parametrize(("header", "message"), [("Sun, 28 Nov 2021 21:00:00 GMT", ""), (None, "in 0 seconds")])
def test_a_wait_that_is_over_is_a_short_one(header: str | None, message: str, clock: Clock) -> None:
    assert told_wait(header, message, clock()) == timedelta(seconds=1)


@given(header=st.none() | st.text(st.characters(codec="utf-8"), max_size=60), message=st.text())
def test_whatever_is_said_the_wait_is_reasonable(header: str | None, message: str) -> None:
    wait = told_wait(header, message, Clock()())
    assert wait is None or timedelta(seconds=1) <= wait <= LONGEST_WAIT
