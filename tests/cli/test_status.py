"""How the cars are, for eyes and as JSON; and what can be typed."""

from datetime import time
import json
import logging
from pathlib import Path
import sys

import pytest

from custom_components.mybmw.cli import main
from custom_components.mybmw.cli.arguments import parse
from custom_components.mybmw.cli.exits import Exit
from custom_components.mybmw.sources import Json
from custom_components.mybmw.vehicle import ChargingWindow, TimerChange, Weekday
from tests.simulator import Fault, Simulator

from .terminal import Terminal

G26 = "WBA00000000DEMO02"


async def test_a_car_is_told_of_in_some_lines(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    car = two_cars_cloud.garage["G26"]
    car.change("state.doorsState.hood", "OPEN")
    car.change("state.doorsState.combinedState", "OPEN")
    assert await terminal.type("status", "-v", G26) is Exit.DONE
    lines = {line.partition(":")[0].strip(): line.partition(":")[2].strip() for line in terminal.out.splitlines()}
    assert terminal.out.startswith("i4 eDrive40 (WBA00000000DEMO02)\n")
    assert lines["mileage"] == "1121 km"
    assert lines["battery"] == "80 %, 472 km"
    assert lines["charging"] == "not charging, plugged in: no, until 80 %"
    assert lines["open"] == "hood"
    assert lines["location"].startswith("48.177334 11.556274")


async def test_what_a_car_says_of_its_upkeep_is_told_in_words_of_people(terminal: Terminal) -> None:
    assert await terminal.type("status", "-v", "DEMO04") is Exit.DONE
    assert " vehicle inspection (TÜV), ok" in terminal.out
    assert " tire pressure (low severity)\n" in terminal.out
    assert " engine oil (medium severity)\n" in terminal.out


async def test_a_car_that_tells_little_has_few_lines(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    car = two_cars_cloud.garage.add("J29")
    assert await terminal.type("status", "-v", car.vin) is Exit.DONE
    assert [line.partition(":")[0].strip() for line in terminal.out.splitlines()[1:]] == [
        "last reported",
        "message",
    ]


async def test_words_of_others_cannot_play_with_the_terminal(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    two_cars_cloud.garage["G26"].change("profile.model", "i4\x1b[2J\nX")
    assert await terminal.type("status", "-v", G26) is Exit.DONE
    assert "\x1b" not in terminal.out
    assert terminal.out.startswith("i4 [2J X (")


async def test_a_car_that_cannot_be_read_spares_the_others(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    two_cars_cloud.faults.append(Fault(path="vehicles/state", vin=G26, status=500))
    assert await terminal.type("status", "-j") is Exit.PARTLY
    document = json.loads(terminal.out)
    assert [car["identity"]["model"] for car in document["vehicles"]] == ["X3 xDrive30e"]
    [failure] = document["failures"]
    assert (failure["vin"], failure["kind"]) == (G26, "try_later")
    assert "500" in failure["problem"]
    assert f"{G26} could not be read" in terminal.err
    assert await terminal.type("lock", "-v", G26) is Exit.TRY_LATER
    assert not two_cars_cloud.orders
    assert await terminal.type("status", "-v", G26) is Exit.TRY_LATER


async def test_a_list_that_cannot_be_read_is_told(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    two_cars_cloud.faults.append(Fault(path="vehicle-list", brand="mini", status=500))
    assert await terminal.type("status", "-j") is Exit.PARTLY
    assert json.loads(terminal.out)["unread_makes"] == ["mini"]
    assert "Whether there are cars of MINI could not be found out" in terminal.err
    assert await terminal.type("lock", "-v", "MINI1") is Exit.TRY_LATER
    assert "BMW does not say now which cars of MINI there are" in terminal.err


async def test_a_quota_that_ends_in_the_middle_is_obeyed_by_the_next_command(
    two_cars_cloud: Simulator, terminal: Terminal
) -> None:
    quota: Json = {"message": "Out of call volume quota. Quota will be replenished in 01:00:00."}
    two_cars_cloud.faults.append(Fault(path="vehicles/state", vin=G26, status=403, body=quota))
    assert await terminal.type("status") in {Exit.PARTLY, Exit.SLOW_DOWN}
    asked = len(two_cars_cloud.requests)
    assert await terminal.type("status") is Exit.SLOW_DOWN
    assert len(two_cars_cloud.requests) == asked


async def test_an_account_without_cars_is_told(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    del two_cars_cloud.garage["G26"], two_cars_cloud.garage["G01"]
    assert await terminal.type("status") is Exit.DONE
    assert "There is no car on the account" in terminal.err
    assert await terminal.type("lock") is Exit.USAGE
    assert "there is none at all" in terminal.err


async def test_the_car_may_be_named_by_the_environment(terminal: Terminal) -> None:
    terminal.environment["MYBMW_VIN"] = "DEMO04"
    assert await terminal.type("status") is Exit.DONE
    assert "X3" in terminal.out
    assert "i4" not in terminal.out


def test_a_plan_is_read_as_it_is_typed() -> None:
    typed = parse(
        ["chargingprofile", "--window", "22:00-06:30", "--timer", "1=on,07:30,mon,tuesday", "--timer", "2=never"]
    )
    assert typed.window == ChargingWindow(start=time(22), end=time(6, 30))
    assert typed.timer == [
        TimerChange(id=1, is_active=True, departs_at=time(7, 30), weekdays=(Weekday.MONDAY, Weekday.TUESDAY)),
        TimerChange(id=2, weekdays=()),
    ]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "COMMAND"),
        ("dance", "invalid choice"),
        ("status -v 42", "a VIN, or at least its last 4 characters"),
        ("login --region mars", "invalid"),
        ("login --password secret", "unrecognized arguments"),
        ("chargingprofile --window 22-25", "25 is no time such as 07:30"),
        ("chargingprofile --window 22:00:30-06:00", "22:00:30 is no time"),
        ("chargingprofile --timer on", "does not begin with the number of a timer"),
        ("chargingprofile --timer 1=someday", "someday is no time"),
    ],
)
def test_what_cannot_be_read_is_told(typed: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(typed.split())
    assert ended.value.code == Exit.USAGE
    assert says in capsys.readouterr().err


def test_the_program_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MYBMW_STORE", str(tmp_path / "account.json"))
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(logging.getLogger("custom_components.mybmw"), "level", logging.NOTSET)
    assert main(["--debug", "status"]) == Exit.SIGN_IN
    assert "begin with: mybmw login" in capsys.readouterr().err
    assert logging.getLogger("httpx").level == logging.WARNING
    try:
        int("s3" + "cret")
    except ValueError as err:
        sys.excepthook(type(err), err, err.__traceback__)
    shown = capsys.readouterr().err
    assert "mybmw is broken: ValueError" in shown
    assert "s3cret" not in shown
