"""Commands from a terminal to a simulated cloud and back, over real HTTP, in the time of the test."""

import asyncio
from datetime import timedelta
import json
from pathlib import Path
import re

import pytest

from custom_components.mybmw.cli.exits import Exit
from custom_components.mybmw.sources import Refusal
from custom_components.mybmw.sources.pauses import COMMANDS_WAIT, REFUSAL_WAITS
from custom_components.mybmw.vehicle import View
from tests.simulator import Fault, Simulator

from .terminal import Terminal

G26 = "WBA00000000DEMO02"
G01 = "WBA00000000DEMO04"


@pytest.mark.parametrize(
    ("typed", "service", "query", "body"),
    [
        ("lock", "door-lock", {}, {}),
        ("unlock --yes", "door-unlock", {}, {}),
        ("lightflash", "light-flash", {}, {}),
        ("horn", "horn-blow", {}, {}),
        ("vehiclefinder", "vehicle-finder", {}, {}),
        ("climate start", "climate-now", {"action": "START"}, {}),
        ("climate stop", "climate-now", {"action": "STOP"}, {}),
        ("chargingsettings --target-soc 75 --ac-limit 16", "charging-settings", {}, None),
        ("chargingprofile --charging-mode delayed_charging --window 22:00-06:00", "charging-profile", {}, None),
        ("chargingprofile --precondition-climate on --timer 1=on,07:30,mon,tue", "charging-profile", {}, None),
        ("sendpoi 48.1 11.5 --name Home --city Munich", "send-to-car", {}, None),
    ],
)
async def test_each_command_is_sent_once_and_its_end_is_told(  # noqa: PLR0913, PLR0917 (a table)
    two_cars_cloud: Simulator,
    terminal: Terminal,
    typed: str,
    service: str,
    query: dict[str, str],
    body: dict[str, str] | None,
) -> None:
    assert await terminal.type("-v", G26, *typed.split()) is Exit.DONE, terminal.err
    [order] = two_cars_cloud.orders
    assert (order.service, order.vin) == (service, G26)
    assert query.items() <= order.query.items()
    assert body is None or order.body == body
    assert "i4 eDrive40: executed" in terminal.out


@pytest.mark.parametrize("action", ["start", "stop"])
async def test_charging_is_started_and_stopped(two_cars_cloud: Simulator, terminal: Terminal, action: str) -> None:
    car = two_cars_cloud.garage["G26"]
    car.capabilities["remoteChargingCommands"] = {"chargingControl": ["START", "STOP"]}
    car.change("state.electricChargingState.isChargerConnected", value=True)
    car.change("state.electricChargingState.chargingStatus", "CHARGING" if action == "stop" else "PLUGGED_IN")
    assert await terminal.type("charge", action, "-v", G26) is Exit.DONE, terminal.err
    assert [(order.service, order.vin) for order in two_cars_cloud.orders] == [(f"{action}-charging", G26)]
    assert terminal.out == f"{action} charging, i4 eDrive40: executed\n"
    car.change("state.electricChargingState.isChargerConnected", value=False)
    assert await terminal.type("charge", action, "-v", G26) is Exit.IGNORED
    assert "no cable is plugged in, so nothing was sent" in terminal.out
    assert len(two_cars_cloud.orders) == 1


async def test_what_is_typed_of_charging_arrives(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    await terminal.type("chargingsettings", "-v", G26, "--target-soc", "75")
    assert two_cars_cloud.orders[0].body == {"chargingTarget": 75, "acLimitValue": None}
    await terminal.type("chargingprofile", "-v", G26, "--timer", "2=on,07:30,mon,fri", "--precondition-climate", "off")
    sent = json.dumps(two_cars_cloud.orders[1].body)
    assert "07:30" in sent
    assert "MONDAY" in sent
    assert "FRIDAY" in sent


@pytest.mark.parametrize(
    ("command", "fault", "code", "says"),
    [
        ("lock", Fault(path="door-lock", fate="ignored"), Exit.IGNORED, "ignored; the car says so"),
        (
            "unlock",
            Fault(path="door-unlock", fate="error:ENGINE_RUNNING"),
            Exit.FAILED,
            "failed; the car says so: ENGIN",
        ),
        ("lock", Fault(path="door-lock", fate="error:\x1b[31mred"), Exit.FAILED, "failed; the car says so\n"),
        ("lock", Fault(path="door-lock", fate="silent"), Exit.NOT_KNOWN, "the car did not answer; it may still do it"),
        ("lock", Fault(path="door-lock", lose=True), Exit.NOT_KNOWN, "unknown; it was sent, and the answer got lost"),
        ("lock", Fault(path="door-lock", status=500), Exit.NOT_KNOWN, "unknown"),
    ],
)
async def test_an_end_that_is_none_is_told_as_it_is(  # noqa: PLR0913, PLR0917 (a table)
    two_cars_cloud: Simulator, terminal: Terminal, command: str, fault: Fault, code: Exit, says: str
) -> None:
    two_cars_cloud.faults.append(fault)
    assert await terminal.type(command, "-v", G26, *(["--yes"] if command == "unlock" else [])) is code
    assert says in terminal.out
    sent = [request for request in two_cars_cloud.requests if "door-" in request.path]
    assert len(sent) == 1


async def test_blocked_commands_do_not_keep_cars_from_being_read(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    """As in Home Assistant: for an hour no command is sent, and that is all."""
    two_cars_cloud.faults.append(Fault(path="door-lock", status=489, body="Blocked"))
    assert await terminal.type("lock", "-v", G26) is Exit.NOT_ALLOWED
    assert "app" in terminal.err
    two_cars_cloud.requests.clear()
    assert await terminal.type("lightflash", "-v", G26) is Exit.NOT_ALLOWED
    assert re.search(r"is told none before 20\d\d-\d\d-\d\d \d\d:\d\d\S*\. Nothing was sent", terminal.err)
    assert two_cars_cloud.requests == []
    assert await terminal.type("status", "-v", G26) is Exit.DONE
    assert "i4 eDrive40" in terminal.out
    two_cars_cloud.faults.clear()
    terminal.freezer.tick(COMMANDS_WAIT - timedelta(minutes=1))
    assert await terminal.type("lock", "-v", G26) is Exit.NOT_ALLOWED
    terminal.freezer.tick(timedelta(minutes=1))
    assert await terminal.type("lock", "-v", G26) is Exit.DONE
    assert len(two_cars_cloud.orders) == 1


async def test_a_blocked_account_is_left_alone_for_a_day(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    two_cars_cloud.faults.append(Fault(path="/state", status=489, body="Blocked"))
    assert await terminal.type("lock", "-v", G26) is Exit.NOT_ALLOWED
    asked = len(two_cars_cloud.requests)
    assert await terminal.type("status") is Exit.NOT_ALLOWED
    assert "is asked again after" in terminal.err
    assert len(two_cars_cloud.requests) == asked
    terminal.freezer.tick(REFUSAL_WAITS[Refusal.BLOCKED] + timedelta(seconds=1))
    two_cars_cloud.faults.clear()
    assert await terminal.type("lock", "-v", G26) is Exit.DONE


async def test_a_pause_outlives_the_command(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    two_cars_cloud.faults.append(
        Fault(
            path="/eadrax",
            status=403,
            body={"message": "Out of call volume quota. Quota will be replenished in 01:00:00."},
        )
    )
    assert await terminal.type("status") is Exit.SLOW_DOWN
    two_cars_cloud.faults.clear()
    asked = len(two_cars_cloud.requests)
    assert await terminal.type("status") is Exit.SLOW_DOWN
    assert "asked for a pause until" in terminal.err
    assert await terminal.type("login", "--username", "demo@example.com", "--region", "rest_of_world") is Exit.SLOW_DOWN
    assert len(two_cars_cloud.requests) == asked
    terminal.freezer.tick(3700)
    assert await terminal.type("status") is Exit.DONE


async def test_the_end_of_the_sign_in_is_remembered(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    two_cars_cloud.accounts.forget_access_tokens()
    two_cars_cloud.accounts.forget_refresh_tokens()
    assert await terminal.type("status") is Exit.SIGN_IN
    asked = len(two_cars_cloud.requests)
    assert await terminal.type("status") is Exit.SIGN_IN
    assert "begin with: mybmw login" in terminal.err
    assert len(two_cars_cloud.requests) == asked


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("lock", "Say with -v which car is meant: WBA00000000DEMO02, WBA00000000DEMO04"),
        ("lock -v 9999", "There is no such car on the account; there are WBA"),
        ("charge start -v DEMO02", "does not allow that. Nothing was sent"),
        ("chargingsettings -v DEMO02", "There is nothing to change: say what. Nothing was sent"),
        ("chargingsettings -v DEMO02 --target-soc 42", "20 to 100 percent"),
        ("chargingsettings -v DEMO02 --ac-limit 99", "(offered: 6, 7, 8"),
        ("chargingprofile -v DEMO02 --timer 9=on", "does not have this timer (timer: 9)"),
        ("chargingprofile -v DEMO02 --window 06:00-06:00", "begins and ends at the same time"),
        ("sendpoi -v DEMO02 91 0", "There is no such place"),
        ("vehiclefinder -v DEMO02 48", "takes a latitude and a longitude"),
        ("sendpoi_from_address -v DEMO02 Nowhere 1", "--geocoder or MYBMW_GEOCODER"),
        ("unlock -v DEMO02", "There is nobody to ask whether that is meant; --yes says that it is"),
    ],
)
async def test_what_makes_no_sense_is_not_sent(
    two_cars_cloud: Simulator, terminal: Terminal, typed: str, says: str
) -> None:
    assert await terminal.type(*typed.split()) is Exit.USAGE
    assert says in terminal.err
    assert not two_cars_cloud.orders


async def test_unlocking_is_asked_about(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    terminal.answers = ["n"]
    assert await terminal.type("unlock", "-v", G26) is Exit.USAGE
    assert not two_cars_cloud.orders
    terminal.answers = ["y"]
    assert await terminal.type("unlock", "-v", G26) is Exit.DONE
    assert terminal.asked == ["Unlock the car? [y/N] "] * 2
    assert len(two_cars_cloud.orders) == 1


async def test_a_car_that_is_found_tells_where(terminal: Terminal) -> None:
    assert await terminal.type("vehiclefinder", "-v", G26, "48.177", "11.556") is Exit.DONE
    [_executed, place] = terminal.out.splitlines()
    assert place.startswith("48.17")
    assert "heading" in place


async def test_one_car_known_by_its_vin_costs_only_its_own_requests(
    two_cars_cloud: Simulator, terminal: Terminal
) -> None:
    await terminal.type("status")
    two_cars_cloud.requests.clear()
    await terminal.type("status", "-v", "demo02")
    assert {request.vin for request in two_cars_cloud.requests} == {None, G26}
    assert "i4 eDrive40" in terminal.out
    assert "X3" not in terminal.out


async def test_while_one_waits_a_line_tells_how_far_it_is(terminal: Terminal) -> None:
    terminal.shows_progress = True
    assert await terminal.type("lock", "-v", G26) is Exit.DONE
    assert "lock, i4 eDrive40: on its way to BMW … 0 s" in terminal.err
    assert "lock, i4 eDrive40: BMW has it, the car has not … 1 s" in terminal.err
    assert "the car has it … 9 s" in terminal.err
    assert terminal.err.endswith("\r\x1b[2K")  # nothing is left of it
    assert terminal.out == "lock, i4 eDrive40: executed\n"


@pytest.mark.parametrize(
    ("typed", "fault", "says"),
    [
        ("lock", Fault(path="door-lock", after=asyncio.Event()), "it was sent, and BMW may have it. See in `mybmw sta"),
        ("lock", Fault(path="door-lock", fate="offline"), "BMW has it, the car has not. See in `mybmw status -j` in t"),
        ("horn", Fault(path="horn-blow", fate="offline"), "BMW has it, the car has not. The car never reports this"),
    ],
    ids=["sent", "accepted", "no trace"],
)
async def test_who_stops_waiting_is_told_that_it_may_still_happen(
    two_cars_cloud: Simulator, terminal: Terminal, typed: str, fault: Fault, says: str
) -> None:
    two_cars_cloud.faults.append(fault)
    typing = asyncio.create_task(terminal.type(typed, "-v", G26, time_passes=False))
    for _ in range(2000):  # turns of the event loop, until the command waits for nothing but time
        await asyncio.sleep(0)
    typing.cancel()
    assert await typing is Exit.LEFT_ALONE
    assert f"nobody waits any more; {says}" in terminal.err
    if fault.after:
        fault.after.set()
    else:
        assert len(two_cars_cloud.orders) == 1


async def test_who_stops_waiting_before_it_is_sent_has_sent_nothing(
    two_cars_cloud: Simulator, terminal: Terminal
) -> None:
    """The plan that is to be changed is being read; `run.main` makes the exit code of this."""
    may_answer = asyncio.Event()
    typed = ("chargingprofile", "-v", G26, "--charging-mode", "delayed_charging")
    await terminal.type("status", time_passes=False)
    two_cars_cloud.requests.clear()
    two_cars_cloud.faults.append(Fault(path="crccs/v2/vehicles", after=may_answer))
    typing = asyncio.create_task(terminal.type(*typed, time_passes=False))
    for _ in range(2000):
        await asyncio.sleep(0)
    typing.cancel()
    may_answer.set()
    with pytest.raises(asyncio.CancelledError):
        await typing
    assert "nobody waits" not in terminal.err
    assert two_cars_cloud.orders == []


async def test_an_address_is_looked_up_where_the_owner_says(
    two_cars_cloud: Simulator, terminal: Terminal, geocoder: str
) -> None:
    typed = ("sendpoi_from_address", "-v", G26, "--name", "Tower", "--geocoder", geocoder, "Petuelring", "130")
    assert await terminal.type(*typed) is Exit.DONE, terminal.err
    body = json.dumps(two_cars_cloud.orders[0].body)
    for text in ("48.1769", "11.5594", "Petuelring", "Tower"):
        assert text in body


@pytest.mark.parametrize("page", ["nowhere", "broken", "impossible", "gone"])
async def test_an_address_nobody_knows_is_not_sent(
    two_cars_cloud: Simulator, terminal: Terminal, geocoder: str, page: str
) -> None:
    code = await terminal.type("sendpoi_from_address", "-v", G26, "--geocoder", f"{geocoder}/{page}", "X")
    assert code in {Exit.USAGE, Exit.TRY_LATER}
    assert "Nothing was sent to the car" in terminal.err
    assert not two_cars_cloud.orders


async def test_pictures_are_saved(two_cars_cloud: Simulator, terminal: Terminal, tmp_path: Path) -> None:
    typed = ("image", "-v", G26, "--folder", str(tmp_path / "pictures"))
    assert await terminal.type(*typed, time_passes=False) is Exit.DONE, terminal.err
    pictures = [*(tmp_path / "pictures").iterdir()]
    assert {f"{G26}_{view}.png" for view in View} == {picture.name for picture in pictures}
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert sorted(terminal.out.splitlines()) == sorted(map(str, pictures))

    two_cars_cloud.faults[:] = [Fault(path="images", status=404, times=1)]
    assert await terminal.type(*typed, "--view", "front", "--view", "side", time_passes=False) is Exit.PARTLY
    assert len(terminal.out.splitlines()) == 1
    two_cars_cloud.faults[:] = [Fault(path="images", status=404)]
    assert await terminal.type(*typed, time_passes=False) is Exit.TRY_LATER
    two_cars_cloud.requests.clear()
    two_cars_cloud.faults[:] = [Fault(path="images", status=489, body="Blocked")]
    assert await terminal.type(*typed, time_passes=False) is Exit.NOT_ALLOWED
    assert [request.status for request in two_cars_cloud.requests].count(489) == 1  # the others are not asked for


async def test_a_picture_that_cannot_be_written_is_told(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert await terminal.type("image", "-v", G26, "--folder", str(tmp_path / "file"), time_passes=False) is Exit.STORE
    assert "cannot be written" in terminal.err
