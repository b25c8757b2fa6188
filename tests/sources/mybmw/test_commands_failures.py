"""Everything that can go wrong with a command that is sent."""

import asyncio
from datetime import timedelta
from typing import Final

import httpx
import pytest

from custom_components.mybmw.sources import (
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
    UnknownError,
)
from custom_components.mybmw.sources.mybmw.commands import PATIENCE, pauses_s
from custom_components.mybmw.vehicle import (
    Fate,
    FindVehicle,
    Lock,
    LockState,
    Outcome,
    Position,
    Reason,
    SendDestination,
    SetChargingSettings,
    Step,
    Unlock,
)
from tests.faults.document import Table
from tests.simulator import COMMAND_PRESETS, Fault
from tests.simulator.playing import COMMANDS

from .desk import HERE, NOW, Desk

pytestmark = pytest.mark.usefixtures("socket_enabled")

PRESET_OUTCOMES: Final[dict[str, tuple[Fate, Reason | None, str | None] | type[SourceError]]] = {
    "commands-blocked": NotAllowedError,
    "command-forbidden": NotAllowedError,
    "command-refused-in-a-sentence": (Fate.FAILED, Reason.REFUSED, None),
    "command-failed-in-a-sentence": (Fate.FAILED, Reason.BY_CAR, None),
    "command-ignored": (Fate.IGNORED, Reason.BY_CAR, None),
    "command-failed": (Fate.FAILED, Reason.BY_CAR, None),
    "charging-mode-not-set": (Fate.FAILED, Reason.BY_CAR, "CHARGING_MODE_NOT_SET"),
    "car-offline": (Fate.TIMED_OUT, None, None),
    "car-silent": (Fate.TIMED_OUT, None, None),
    "command-answer-lost": (Fate.UNKNOWN, Reason.ANSWER_LOST, None),
}


@pytest.mark.parametrize("name", COMMAND_PRESETS)
async def test_every_fault_of_commands(desk: Desk, name: str, *, update_document: bool) -> None:
    expected, preset = PRESET_OUTCOMES[name], COMMAND_PRESETS[name]
    desk.cloud.switchboard.switch_on(name)
    if isinstance(expected, type):
        with pytest.raises(expected) as raised:
            await desk.execute("G26", Unlock())
        assert desk.orders == []
        becomes = f"Not sent to the car: {raised.value}."
    else:
        outcome = await desk.execute("G26", Unlock())
        assert (outcome.fate, outcome.reason, outcome.words) == expected
        assert len(desk.orders) == (0 if outcome.reason is Reason.REFUSED else 1)
        becomes = f"{_in_words(outcome)}, after {(outcome.ended_at - NOW).total_seconds():.0f} s."
    assert len(desk.sent()) == 1
    requests = len(desk.cloud.requests)
    car = await desk.see("G26")
    assert car.body.lock is (LockState.UNLOCKED if name == "command-answer-lost" else LockState.LOCKED)
    seen = ", ".join(f"[{seen.when}]({seen.url})" for seen in preset.seen) or "not yet"
    cells = [f"{preset.what}.", seen, f"{preset.played}.", becomes, str(requests)]
    Table("commands").check(name, cells, update=update_document)


def _in_words(outcome: Outcome) -> str:
    why = " ".join(f"(`{part}`)" for part in (outcome.reason, outcome.words) if part)
    return f"`{outcome.fate}` {why}".strip()


def test_no_other_fault_of_commands_is_documented() -> None:
    assert Table("commands").faults == [*COMMAND_PRESETS]


def test_pauses_begin_short_and_grow() -> None:
    pauses = list(pauses_s())
    assert pauses[0] == 2
    assert sorted(pauses[:-1]) == pauses[:-1]
    assert max(pauses) == 15
    assert sum(pauses) == pytest.approx(PATIENCE.total_seconds())
    assert len(pauses) < 25


async def test_patience_ends_even_if_every_answer_is_slow(desk: Desk) -> None:
    async def dawdle(request: httpx.Request) -> None:
        if request.url.path.endswith("eventStatus"):
            desk.clock.advance(seconds=25)

    desk.http.event_hooks["request"] = [dawdle]
    desk.cloud.switchboard.switch_on("car-silent")
    outcome = await desk.execute("G26", Lock())
    assert outcome.fate is Fate.TIMED_OUT
    assert outcome.ended_at - NOW < PATIENCE + timedelta(seconds=45)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, body="Internal Server Error"),
        Fault(status=503),
        Fault(status=408),
        Fault(drop=True),
        Fault(lose=True),
        Fault(status=200, body="<html>Maintenance</html>"),
    ],
)
async def test_nobody_knows_what_became_of_an_order_without_an_answer(desk: Desk, fault: Fault) -> None:
    fault.path = COMMANDS
    desk.cloud.faults.append(fault)
    outcome = await desk.execute("G26", Lock())
    assert (outcome.fate, outcome.reason) == (Fate.UNKNOWN, Reason.ANSWER_LOST)
    assert len(desk.sent()) == 1
    assert desk.steps == [Step.SENT]


async def test_an_order_that_is_never_answered_is_not_sent_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.mybmw.sources.exchange.TIMEOUT_S", 0.05)
    fault = Fault(path=COMMANDS, wait_s=float("inf"))
    desk.cloud.faults.append(fault)
    outcome = await desk.execute("G26", Lock())
    assert (outcome.fate, outcome.reason) == (Fate.UNKNOWN, Reason.ANSWER_LOST)
    assert fault.struck == 1


async def test_an_order_that_never_left_has_certainly_not_been_taken(desk: Desk) -> None:
    await desk.cloud.stop()
    with pytest.raises(TryLaterError):
        await desk.execute("G26", Lock())
    assert desk.orders == []
    await desk.cloud.start()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"statusCode": 409, "message": "VEHICLE_IN_USE"}, "VEHICLE_IN_USE"),
        (
            {"title": "NOT_POSSIBLE", "description": "TRUNK_OPEN", "errorDetails": "<no error returned>"},
            "NOT_POSSIBLE: TRUNK_OPEN",
        ),
        ({"errorDetails": {"title": "A_B", "description": "NOT_NOW", "errorDetails": "TOO_LATE"}}, "NOT_NOW: TOO_LATE"),
        ({"title": "NOT_POSSIBLE", "description": "Anna is driving"}, "NOT_POSSIBLE"),
        ({"message": "CHARGING_MODE_NOT_SET for Anna"}, None),
        ({"message": "Vehicle of driver@example.com is in use"}, None),
        ({"message": "WBA00000000DEMO77"}, None),
        ({"message": "VEHICLE_WBA00000000DEMO77"}, None),
        ({"message": "M_AB_1234"}, None),
        ({"message": "ANNA"}, None),
        ({"message": "_".join(["LONG"] * 20)}, None),
        ("text", None),
    ],
)
async def test_of_the_words_of_bmw_only_codes_are_told(desk: Desk, body: dict[str, str], words: str | None) -> None:
    desk.cloud.faults.append(Fault(path=COMMANDS, status=409, body=body))  # type: ignore[arg-type]  # JSON
    outcome = await desk.execute("G26", Lock())
    assert (outcome.fate, outcome.reason, outcome.words) == (Fate.FAILED, Reason.REFUSED, words)
    assert "IN_USE" not in repr(outcome)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=404), UnknownError),
        (Fault(status=302, headers={"location": "/elsewhere"}), TryLaterError),
        (Fault(status=429, body={"message": "Try again in 2 seconds."}), SlowDownError),
        (Fault(status=403, body="Quota Exceeded"), SlowDownError),
        (Fault(status=489, body="Blocked"), NotAllowedError),
        (Fault(status=403), NotAllowedError),
    ],
)
async def test_what_was_certainly_not_taken_is_an_error(desk: Desk, fault: Fault, error: type[SourceError]) -> None:
    fault.path = COMMANDS
    desk.cloud.faults.append(fault)
    with pytest.raises(error):
        await desk.execute("G26", Lock())
    assert len(desk.sent()) == 1


async def test_an_account_that_pauses_or_is_blocked_sends_nothing_and_says_so(desk: Desk) -> None:
    desk.cloud.faults.append(Fault(path="/state", status=489, body="Blocked"))
    with pytest.raises(NotAllowedError):
        await desk.source.fetch()
    desk.cloud.requests.clear()
    with pytest.raises(NotAllowedError) as blocked:
        await desk.execute("G26", Lock())
    assert blocked.value.reason is Refusal.BLOCKED
    assert desk.cloud.requests == []
    desk.cloud.faults.clear()
    await desk.source.fetch()
    assert (await desk.execute("G26", Lock())).fate is Fate.EXECUTED
    desk.cloud.faults.append(Fault(path="/state", status=429, headers={"retry-after": "600"}))
    with pytest.raises(SlowDownError):
        await desk.source.fetch()
    desk.cloud.requests.clear()
    with pytest.raises(SlowDownError) as paused:
        await desk.execute("G26", Lock())
    assert paused.value.until == desk.clock() + timedelta(minutes=10)
    assert desk.cloud.requests == []


async def test_a_token_that_is_not_accepted_is_renewed_once(desk: Desk) -> None:
    desk.clock.advance(hours=2)
    desk.cloud.accounts.forget_access_tokens()
    assert (await desk.execute("G26", Lock())).fate is Fate.EXECUTED
    assert [asked.status for asked in desk.sent()] == [401, 200]
    assert len(desk.orders) == 1


async def test_a_sign_in_that_has_ended_sends_nothing_twice(desk: Desk) -> None:
    desk.clock.advance(hours=2)
    desk.cloud.accounts.forget_access_tokens()
    desk.cloud.accounts.forget_refresh_tokens()
    with pytest.raises(SignInRequiredError):
        await desk.execute("G26", Lock())
    assert [asked.status for asked in desk.sent()] == [401]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, times=3),
        Fault(status=404, times=2),
        Fault(drop=True, times=2),
        Fault(status=200, body="<html>", times=2),
        Fault(status=200, body={"eventStatus": None}, times=2),
        Fault(status=200, body={"eventStatus": "INITIATED"}, times=2),
    ],
)
async def test_trouble_while_waiting_does_not_end_the_wait(desk: Desk, fault: Fault) -> None:
    fault.path = "eventStatus"
    desk.cloud.faults.append(fault)
    assert (await desk.execute("G26", Lock())).fate is Fate.EXECUTED
    assert len(desk.sent()) == 1


@pytest.mark.parametrize("is_revoked", [True, False], ids=["revoked", "expired"])
async def test_a_token_that_ends_while_waiting_and_is_not_renewed_at_once(desk: Desk, *, is_revoked: bool) -> None:
    renewal = Fault(path="oauth/token", status=503, times=1)
    desk.cloud.faults.append(renewal)

    def end_token(step: Step) -> None:
        if step is not Step.ACCEPTED:
            return
        if is_revoked:
            desk.cloud.accounts.forget_access_tokens()
        else:
            desk.clock.advance(days=1)

    outcome = await desk.source.execute(desk.vin("G26"), Lock(), end_token)
    assert renewal.struck == 1
    assert outcome.fate is Fate.EXECUTED
    assert len(desk.sent()) == 1


@pytest.mark.parametrize(
    "fault", [Fault(status=489, body="Blocked"), Fault(status=403), Fault(status=403, body="Quota Exceeded")]
)
async def test_bmw_may_not_let_us_ask_what_became_of_it(desk: Desk, fault: Fault) -> None:
    fault.path = "eventStatus"
    desk.cloud.faults.append(fault)
    outcome = await desk.execute("G26", Lock())
    assert (outcome.fate, outcome.reason) == (Fate.UNKNOWN, Reason.NOT_TOLD)
    assert len(desk.orders) == 1


async def test_a_pause_that_begins_meanwhile_is_kept(desk: Desk) -> None:
    accepted = asyncio.Event()
    desk.may_wait.clear()

    def note(step: Step) -> None:
        if step is Step.ACCEPTED:
            accepted.set()

    task = asyncio.create_task(desk.source.execute(desk.vin("G26"), Lock(), note))
    await accepted.wait()
    desk.cloud.faults.append(Fault(path="/state", status=429, headers={"retry-after": "600"}))
    with pytest.raises(SlowDownError):
        await desk.source.fetch()
    desk.cloud.requests.clear()
    desk.may_wait.set()
    outcome = await task
    assert (outcome.fate, outcome.reason) == (Fate.UNKNOWN, Reason.NOT_TOLD)
    assert desk.cloud.requests == []


async def test_one_car_is_read_and_no_other(desk: Desk) -> None:
    car = await desk.source.refresh(desk.vin("G26"))
    assert car.vin == desk.vin("G26")
    assert [(asked.path.rpartition("/")[2], asked.vin) for asked in desk.cloud.requests] == [
        ("state", car.vin),
        ("vehicles", car.vin),
    ]
    desk.cloud.faults.append(Fault(path="/state", status=500))
    with pytest.raises(TryLaterError):
        await desk.source.refresh(car.vin)


async def test_a_car_is_asked_for_its_state_only(desk: Desk) -> None:
    """How it is set to charge stays what it was, also if it could not be read then."""
    before = await desk.source.refresh(desk.vin("G26"))
    desk.cloud.requests.clear()
    desk.cloud.garage["G26"].change("state.currentMileage", 4321)
    car = await desk.source.refresh(before.vin, state_only=True)
    assert [asked.path.rpartition("/")[2] for asked in desk.cloud.requests] == ["state"]
    assert car.charging_plan == before.charging_plan is not None
    assert car.odometer.mileage_km == 4321


async def test_nothing_personal_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "custom_components.mybmw")
    gcid = next(account.gcid for account in desk.cloud.accounts if account.region == "row")
    destination = SendDestination(position=Position(latitude=47.4567, longitude=11.5), name="Aunt", street="Lane")
    for command in (SetChargingSettings(target_percent=80), destination, FindVehicle(observer=HERE)):
        await desk.execute("G26", command)
    written = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components")]
    assert any("/eadrax-crccs/v1/vehicles/{vin}/charging-settings" in line for line in written)
    for secret in (desk.vin("G26"), gcid, "47.4567", "48.1", "Aunt", "Lane"):
        assert not [line for line in written if secret in line]
