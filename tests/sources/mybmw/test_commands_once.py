"""Whatever happens to the answers, a car is never told twice."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import httpx
from hypothesis import given, strategies as st
import pytest

from custom_components.mybmw.sources import SourceError
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from custom_components.mybmw.vehicle import (
    Command,
    Fate,
    FindVehicle,
    Lock,
    Outcome,
    SendDestination,
    SetChargingPlan,
    SetChargingSettings,
    Step,
    StopCharging,
)
from tests.recorded import RECORDED_CARS

from .cloud import ACCOUNT, BLOCKED, FORBIDDEN, HTML, QUOTA, TOKEN, Clock, Cloud, Keeper, Reply
from .desk import HERE

I20: Final = RECORDED_CARS["I20"].vin

COMMANDS: Final[list[Command]] = [
    Lock(),
    FindVehicle(observer=HERE),
    StopCharging(),
    SetChargingSettings(target_percent=75),
    SetChargingPlan(is_pre_entry_climatization_on=True),
    SendDestination(position=HERE),
]

TAKEN: Final = httpx.Response(200, json={"eventId": "1", "creationTime": "2021-08-14T20:58:36.403Z"})
MAYBE_TAKEN: Final[list[Reply]] = [
    httpx.Response(500),
    httpx.Response(502, text=HTML),
    httpx.Response(408),
    httpx.Response(200, text=HTML),
    httpx.Response(200, text='{"eventId'),
    httpx.ReadTimeout(""),
    httpx.ReadError(""),
    httpx.WriteError(""),
    httpx.RemoteProtocolError(""),
]
NOT_TAKEN: Final[list[Reply]] = [
    BLOCKED,
    QUOTA,
    FORBIDDEN,
    httpx.Response(429),
    httpx.Response(429, headers={"retry-after": "600"}),
    httpx.Response(404),
    httpx.Response(409, json={"errorDetails": {"title": "No"}}),
    httpx.Response(302, headers={"location": "https://example.com"}),
    httpx.ConnectError(""),
    httpx.ConnectTimeout(""),
]
UNAUTHORIZED: Final = httpx.Response(401)
FATES: Final = ["INITIATED", "PENDING", "DELIVERED", "EXECUTED", "IGNORED", "ERROR", "UNKNOWN", "", None, 7]

anything = st.sampled_from([UNAUTHORIZED, TAKEN, *MAYBE_TAKEN, *NOT_TAKEN])
statuses = st.one_of(anything, st.sampled_from([httpx.Response(200, json={"eventStatus": status}) for status in FATES]))


@dataclass
class Adversary:
    """A cloud that answers orders, and all that follows, as it likes; the last answer of a list goes on for ever."""

    orders: Sequence[Reply]
    follow_ups: Sequence[Reply]
    renewals: Sequence[Reply]
    answered: list[Reply] = field(default_factory=list)
    asked: int = 0

    def order(self, _request: httpx.Request) -> Reply:
        """Answer an order."""
        self.answered.append(self.orders[min(len(self.answered), len(self.orders) - 1)])
        return self.answered[-1]

    def follow_up(self, _request: httpx.Request) -> Reply:
        """Answer a question about what became of it."""
        self.asked += 1
        return self.follow_ups[min(self.asked, len(self.follow_ups)) - 1]


async def _play(adversary: Adversary, command: Command, *, cancel_at: Step | None) -> tuple[Outcome | None, list[Step]]:
    cloud, clock = Cloud("I20"), Clock()
    source = MyBmwSource(
        ACCOUNT,
        {
            "gcid": "G",
            "refresh_token": "refresh-0",
            "access_token": "token-0",
            "expires_at": (clock() + timedelta(days=30)).isoformat(),
        },
        http=cloud.http,
        keep=Keeper(cloud),
        clock=clock,
        sleep=_no_sleep,
    )
    await source.fetch()
    clock.advance(hours=2)
    base, charging = "/eadrax-vrccs/v4/presentation/remote-commands/", f"/eadrax-crccs/v1/vehicles/{I20}/"
    for path in (
        f"{base}door-lock",
        f"{base}vehicle-finder",
        f"{charging}stop-charging",
        f"{charging}charging-settings",
        f"{charging}charging-profile",
        "/eadrax-dcs/v2/user/G/send-to-car",
    ):
        cloud.replies[path] = adversary.order
    cloud.replies["/eadrax-vrccs/v3/presentation/remote-commands/eventStatus"] = adversary.follow_up
    cloud.replies[f"{base}eventPosition"] = adversary.follow_up
    renewals = iter(adversary.renewals)
    cloud.replies[TOKEN] = lambda _request: next(renewals, None) or cloud.granted()
    steps: list[Step] = []
    task: asyncio.Task[Outcome] | None = None

    def on_step(step: Step) -> None:
        steps.append(step)
        if step is cancel_at and task:
            task.cancel()

    task = asyncio.create_task(source.execute(I20, command, on_step))
    outcome = None
    with suppress(SourceError, asyncio.CancelledError):
        outcome = await task
    await source.close()
    return outcome, steps


async def _no_sleep(_seconds: float) -> None:
    await asyncio.sleep(0)


@given(
    command=st.sampled_from(COMMANDS),
    orders=st.lists(anything, min_size=1, max_size=4),
    follow_ups=st.lists(statuses, min_size=1, max_size=6),
    renewals=st.lists(st.sampled_from([BLOCKED, httpx.Response(500), httpx.Response(401)]), max_size=1),
    cancel_at=st.sampled_from([None, Step.ACCEPTED, Step.DELIVERED]),
)
def test_a_car_is_never_told_twice(
    command: Command,
    orders: list[Reply],
    follow_ups: list[Reply],
    renewals: list[Reply],
    cancel_at: Step | None,
) -> None:
    adversary = Adversary(orders=orders, follow_ups=follow_ups, renewals=renewals)
    outcome, steps = asyncio.run(_play(adversary, command, cancel_at=cancel_at))
    *before, last = adversary.answered
    # Only what was certainly not taken, for want of a good token, is sent again, and that once.
    assert all(answer is UNAUTHORIZED for answer in before)
    assert len(before) <= 1
    # Whoever gave the command is told the truth.
    assert (Step.ACCEPTED in steps) == (last is TAKEN)
    assert len(steps) == len(set(steps))
    assert steps[0] is Step.SENT
    if last in MAYBE_TAKEN:
        assert outcome
        assert outcome.fate is Fate.UNKNOWN
    elif last in NOT_TAKEN or last is UNAUTHORIZED:
        assert outcome is None or outcome.fate is Fate.FAILED
    elif cancel_at is None:
        assert outcome


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.key)
@pytest.mark.parametrize("last", [TAKEN, *MAYBE_TAKEN, *NOT_TAKEN], ids=repr)
async def test_every_answer_to_every_order(command: Command, last: Reply) -> None:
    executed = httpx.Response(200, json={"eventStatus": "EXECUTED"})
    adversary = Adversary(orders=[last], follow_ups=[executed], renewals=[])
    await _play(adversary, command, cancel_at=None)
    assert adversary.answered == [last]
