"""What a car has said, whichever way it came: the messages and answers that were captured, and what goes wrong."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
import json
from typing import Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.cardata.catalogue import CATALOGUE, DESCRIPTORS
from custom_components.mybmw.sources.cardata.keys import Key
from custom_components.mybmw.sources.cardata.reading import LONGEST_STRUCTURE, unit_of
from custom_components.mybmw.sources.cardata.readings import MOST_READINGS, Readings
from custom_components.mybmw.sources.cardata.traps import last_reported

NOW: Final = datetime(2026, 9, 14, 15, 0, tzinfo=UTC)
AT: Final = datetime(2026, 9, 14, 13, 51, 32, tzinfo=UTC)


def entry(value: Json, unit: str | None = None, *, later_s: float = 0) -> dict[str, Json]:
    return {"timestamp": (AT + timedelta(seconds=later_s)).isoformat(), "value": value, "unit": unit}


def heard(*sayings: tuple[str, dict[str, Json]]) -> Readings:
    readings = Readings()
    for key, said in sayings:
        readings.take({key: said}, NOW)
    return readings


@pytest.mark.parametrize(
    ("descriptor", "said", "value", "unit"),
    [
        ("vehicle.vehicle.preConditioning.activity", {"value": "INACTIVE"}, "inactive", None),
        ("vehicle.vehicle.travelledDistance", {"value": 81623, "unit": "km"}, 81623, "km"),
        ("vehicle.vehicle.travelledDistance", {"unit": "km", "value": "48713"}, 48713, "km"),
        (
            "vehicle.drivetrain.electricEngine.kombiRemainingElectricRange",
            {"value": 225, "unit": "km"},
            225,
            "km",
        ),
        ("vehicle.drivetrain.batteryManagement.header", {"value": 67, "unit": "percent"}, 67, "%"),
        ("vehicle.powertrain.electric.battery.stateOfCharge.target", {"value": 80}, 80, "%"),
        ("vehicle.drivetrain.electricEngine.charging.status", {"value": "NOCHARGING"}, "NOCHARGING", None),
        ("vehicle.cabin.door.row2.driver.isOpen", {"value": False}, "CLOSED", None),
        ("vehicle.cabin.door.row2.driver.isOpen", {"value": "CLOSED"}, "CLOSED", None),
        (
            "vehicle.powertrain.electric.battery.charging.preferenceSmartCharging",
            {"value": "PRICE_OPTIMIZED"},
            "PRICE_OPTIMIZED",
            None,
        ),
        ("vehicle.drivetrain.fuelSystem.level", {"unit": "%", "value": "58"}, 58, "%"),
        ("vehicle.drivetrain.fuelSystem.remainingFuel", {"unit": None, "value": "24"}, 24, "L"),
        ("vehicle.electricalSystem.battery.voltage", {"unit": "V", "value": "13.92"}, 13.92, "V"),
        (
            "vehicle.status.serviceTime.inspectionDateLegal",
            {"unit": None, "value": "17.01.2027 00:00:00 UTC"},
            "17.01.2027 00:00:00 UTC",
            None,
        ),
        ("vehicle.electricalSystem.battery.serviceDemand.replace", {"unit": None, "value": "200"}, 200, None),
        ("vehicle.drivetrain.batteryManagement.batterySizeMax", {"unit": "kWh", "value": "0.0"}, 0.0, "kWh"),
        ("vehicle.cabin.door.lock.status", {"value": "SELECTIVE-LOCKED"}, "SELECTIVE_LOCKED", None),
        ("vehicle.cabin.door.status", {"value": "SELECTIVELOCKED"}, "SELECTIVE_LOCKED", None),
        ("vehicle.cabin.door.status", {"value": "ASN_locked"}, "LOCKED", None),
        ("vehicle.cabin.door.status", {"value": "ASN_isFalse"}, "UNLOCKED", None),
        ("vehicle.drivetrain.engine.isActive", {"value": "ASN_isTrue"}, True, None),
        ("vehicle.drivetrain.engine.isActive", {"value": "ASN_isUnknown"}, None, None),
        ("vehicle.drivetrain.engine.isActive", {"value": "false"}, False, None),
        ("vehicle.body.flap.isLocked", {"value": "FLAP_UNLOCKED"}, False, None),
        ("vehicle.body.flap.isLocked", {"value": "FLAP_LOCKED"}, True, None),
        ("vehicle.body.chargingPort.isHospitalityActive", {"value": "HOSPITALITY_INACTIVE"}, False, None),
        ("vehicle.body.chargingPort.status", {"value": "-NA-"}, None, None),
        ("vehicle.cabin.climate.timers.weekdaysTimer1.action", {"value": "deactivate"}, "DEACTIVATE", None),
        ("vehicle.cabin.climate.timers.weekdaysTimer1.action", {"value": "deactive"}, "DEACTIVATE", None),
        ("vehicle.vehicle.antiTheftAlarmSystem.alarm.armStatus", {"value": "DOORSTILTCABIN"}, "doorsTiltCabin", None),
        ("vehicle.status.conditionBasedServices", {"value": "[]"}, "[]", None),
        ("vehicle.newThing.isShiny", {"value": "true"}, True, None),
        ("vehicle.newThing.size", {"value": "12.5", "unit": "furlong"}, 12.5, None),
    ],
)
def test_what_was_captured_is_read(descriptor: str, said: dict[str, Json], value: Json, unit: str | None) -> None:
    readings = Readings()
    assert readings.take({descriptor: {"timestamp": "2026-07-27T12:36:57Z", **said}}, NOW)
    reading = readings.told[descriptor]
    assert (reading.value, reading.unit, type(reading.value)) == (value, unit, type(value))
    assert reading.at == datetime(2026, 7, 27, 12, 36, 57, tzinfo=UTC)
    assert not readings.oddities


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("percent", "%"),
        ("degrees", "°"),
        ("kpa", "kPa"),
        ("miles", "mi"),
        ("Celsius", "°C"),
        ("Â°C", "°C"),
        ("l", "L"),
        ("null", None),
        ("-", None),
        (None, None),
        (7, None),
    ],
)
def test_units_of_every_spelling(written: Json, unit: str | None) -> None:
    assert unit_of(written) == unit


def test_every_unit_and_word_of_the_catalogue_is_read_as_itself() -> None:
    assert set(CATALOGUE) == set(DESCRIPTORS)
    for descriptor, known in CATALOGUE.items():
        assert known.unit is None or unit_of(known.unit) == known.unit
        for word in known.words:
            for spelling in (word, word.lower(), f"ASN_{word}", word.replace("_", "-")):
                assert heard((descriptor, entry(spelling))).told[descriptor].value == word


def test_the_newest_stamp_wins_whatever_comes_last() -> None:
    readings = heard((Key.FUEL_PERCENT, entry(60, later_s=60)), (Key.FUEL_PERCENT, entry("58")))
    assert readings.told[Key.FUEL_PERCENT].value == 60
    assert readings.take({Key.FUEL_PERCENT: entry(59, later_s=61)}, NOW)
    assert readings.told[Key.FUEL_PERCENT].value == 59


def test_nothing_is_overwritten_by_null() -> None:
    readings = heard((Key.SERVICES, entry("[]")), (Key.FUEL_PERCENT, entry(58)))
    nothing: Json = {"timestamp": None, "unit": "%", "value": None}
    assert not readings.take_answer({Key.SERVICES: nothing, Key.FUEL_PERCENT: nothing}, NOW)
    assert readings.told[Key.FUEL_PERCENT].value == 58


def test_what_bmw_does_not_know_overwrites_nothing() -> None:
    readings = heard((Key.LOCK, entry("SECURED")))
    assert not readings.take({Key.LOCK: entry("UNKNOWN", later_s=60.941)}, NOW)
    assert readings.told[Key.LOCK].value == "SECURED"
    assert readings.take({Key.LOCK: entry("UNKNOWN", later_s=60)}, NOW)  # it is the car that does not know
    assert readings.told[Key.LOCK].value is None


def test_whatever_is_said_overwrites_what_bmw_does_not_know() -> None:
    readings = heard((Key.LOCK, entry("-NA-", later_s=60.941)))
    assert readings.told[Key.LOCK].value is None
    assert last_reported(readings.told) is None
    assert readings.take({Key.LOCK: entry("SECURED")}, NOW)
    assert readings.told[Key.LOCK].value == "SECURED"


def test_null_means_that_there_are_no_check_control_messages() -> None:
    readings = heard((Key.MESSAGES, entry('[{"id": 164}]')))
    said: Json = {Key.MESSAGES: {"timestamp": None, "unit": None, "value": None}}
    assert not readings.take(said, NOW)  # the stream never has them
    assert readings.take_answer(said, NOW)
    assert readings.told[Key.MESSAGES].value == "[]"
    assert not readings.take_answer(said, NOW + timedelta(hours=1))


@pytest.mark.parametrize("was_there_before", [True, False])
def test_a_message_counts_though_it_is_older_than_the_answer_without_one(*, was_there_before: bool) -> None:
    said: Json = {Key.MESSAGES: entry('[{"id": 164}]')}
    readings = Readings()
    if was_there_before:
        assert readings.take_answer(said, NOW)
    assert readings.take_answer({Key.MESSAGES: {"timestamp": None, "unit": None, "value": None}}, NOW)
    assert readings.take_answer(said, NOW)
    assert readings.told[Key.MESSAGES].value == '[{"id": 164}]'


def test_repeats_are_no_news_whichever_way_they_come() -> None:
    readings = heard((Key.FUEL_PERCENT, {"timestamp": "2026-09-14T13:51:32Z", "value": 58, "unit": "percent"}))
    repeats: tuple[Json, ...] = (
        {"timestamp": "2026-09-14T13:51:32Z", "value": 58, "unit": "percent"},
        {"timestamp": "2026-09-14T13:51:32.000Z", "value": "58", "unit": "%"},
    )
    for again in repeats:
        assert not readings.take({Key.FUEL_PERCENT: again}, NOW)


def test_a_unit_that_vanishes_is_still_the_last_one() -> None:
    readings = heard((Key.CHARGING_POWER, entry(11, "kW")), (Key.CHARGING_POWER, entry(10, later_s=60)))
    assert readings.told[Key.CHARGING_POWER].unit == "kW"


def test_it_is_known_since_when_a_value_holds() -> None:
    readings = heard((Key.FUEL_PERCENT, entry(58)), (Key.FUEL_PERCENT, entry(58, later_s=600)))
    assert readings.told[Key.FUEL_PERCENT].since == AT
    readings.take({Key.FUEL_PERCENT: entry(57, later_s=900)}, NOW)
    assert readings.told[Key.FUEL_PERCENT].since == AT + timedelta(seconds=900)


@pytest.mark.parametrize("written", ["2026-09-14T13:52:32", "2026-09-14T13:52:32.000", "2026-09-14T15:52:32+02:00"])
def test_a_stamp_is_of_utc_whatever_zone_it_names_or_not(written: str) -> None:
    readings = heard((Key.FUEL_PERCENT, entry(58)), (Key.FUEL_PERCENT, {"timestamp": written, "value": "57"}))
    assert readings.told[Key.FUEL_PERCENT].at == AT + timedelta(seconds=60)


def test_a_stamp_of_the_future_is_of_now() -> None:
    readings = heard((Key.FUEL_PERCENT, entry(58, later_s=86_400)))
    assert readings.told[Key.FUEL_PERCENT].at == NOW
    assert readings.take({Key.FUEL_PERCENT: entry(57, later_s=5000)}, NOW + timedelta(hours=1))


def test_what_has_no_stamp_is_as_old_as_the_message_or_older_than_all_else() -> None:
    readings = Readings()
    readings.take({Key.FUEL_PERCENT: {"value": 58}}, NOW, sent_at=AT)
    assert readings.told[Key.FUEL_PERCENT].at == AT
    readings.take({Key.FUEL_PERCENT: {"value": 57}}, NOW)
    assert readings.told[Key.FUEL_PERCENT].value == 58


# Positions come in halves


def _place(readings: Readings) -> tuple[Json, Json]:
    told = readings.told
    return tuple(told[key].value if key in told else None for key in (Key.LATITUDE, Key.LONGITUDE))  # type: ignore[return-value]


def test_half_a_position_waits_for_its_other_half() -> None:
    readings = heard((Key.LATITUDE, entry(50.0, "degrees")))
    assert _place(readings) == (None, None)
    assert readings.take({Key.LONGITUDE: entry(8.0, "degrees", later_s=1)}, NOW)
    assert _place(readings) == (50.0, 8.0)
    assert not readings.take({Key.LONGITUDE: entry(9.0, later_s=60)}, NOW)
    assert _place(readings) == (50.0, 8.0)
    assert not readings.take({Key.LATITUDE: entry(51.0, later_s=90)}, NOW)  # of another burst
    assert readings.take({Key.LONGITUDE: entry(9.5, later_s=91)}, NOW)
    assert _place(readings) == (51.0, 9.5)


def test_no_zigzag_when_halves_come_out_of_order() -> None:
    readings = heard(
        (Key.LATITUDE, entry(50.0)),
        (Key.LONGITUDE, entry(8.0)),
        (Key.LONGITUDE, entry(8.2, later_s=30)),
        (Key.LATITUDE, entry(49.9, later_s=-30)),
    )
    assert _place(readings) == (50.0, 8.0)
    readings.take({Key.LATITUDE: entry(50.2, later_s=30)}, NOW)
    assert _place(readings) == (50.2, 8.2)


_TWO_POSITIONS: Final = ((Key.LATITUDE, 1), (Key.LONGITUDE, 1), (Key.LATITUDE, 2), (Key.LONGITUDE, 2))


@pytest.mark.parametrize("apart_s", [1, 3, 10])
@pytest.mark.parametrize("order", permutations(_TWO_POSITIONS))
def test_the_newer_of_two_positions_is_shown_in_whatever_order_their_halves_come(
    order: Sequence[tuple[Key, int]], apart_s: float
) -> None:
    readings = heard(*((key, entry(position, later_s=position * apart_s)) for key, position in order))
    assert _place(readings) == (2, 2)


def test_halves_that_are_nearest_to_each_other_belong_together() -> None:
    readings = heard((Key.LATITUDE, entry(50.0)), (Key.LATITUDE, entry(50.3, later_s=3)))
    readings.take({Key.LONGITUDE: entry(8.0, later_s=1)}, NOW)
    assert _place(readings) == (50.0, 8.0)
    readings.take({Key.LONGITUDE: entry(8.3, later_s=4)}, NOW)
    assert _place(readings) == (50.3, 8.3)


def test_there_is_an_end_to_the_halves_that_wait() -> None:
    readings = Readings()
    for second in range(0, 100, 10):
        readings.take({Key.LATITUDE: entry(second, later_s=second)}, NOW)
    assert not readings.take({Key.LONGITUDE: entry(0)}, NOW)
    assert readings.take({Key.LONGITUDE: entry(90, later_s=90)}, NOW)


def test_a_car_is_not_where_it_says_it_does_not_know() -> None:
    readings = heard((Key.LATITUDE, entry(50.0)), (Key.LONGITUDE, entry(8.0)))
    readings.take({Key.LATITUDE: entry(0, later_s=60), Key.LONGITUDE: entry(0.0, later_s=60)}, NOW)
    assert _place(readings) == (50.0, 8.0)
    lost: dict[str, Json] = {Key.LATITUDE: entry(1.0, later_s=90), Key.LONGITUDE: entry(1.0, later_s=90)}
    readings.take(lost, NOW)
    readings.take({Key.GPS_FIX: entry("NO_FIX", later_s=91)}, NOW)
    assert _place(readings) == (50.0, 8.0)
    readings.take({**lost}, NOW)
    assert _place(readings) == (50.0, 8.0)
    readings.take({Key.LATITUDE: entry("north", later_s=99), Key.LONGITUDE: entry("UNKNOWN", later_s=99)}, NOW)
    assert _place(readings) == (50.0, 8.0)
    alone = heard((Key.LATITUDE, entry(1.0)), (Key.LONGITUDE, entry(1.0)), (Key.GPS_FIX, entry("NO_FIX")))
    assert _place(alone) == (None, None)


# What is kept


def test_readings_survive_a_restart() -> None:
    readings = heard(
        (Key.MILEAGE, entry(30_000, "mi")),
        (Key.LATITUDE, entry(50.0)),
        (Key.LONGITUDE, entry(8.0)),
        (Key.IS_PLUGGED, entry(value=True)),
        (Key.PORT_STATUS, entry("INVALID")),
        (Key.SERVICES, entry('[{"id": 1}]')),
    )
    kept = json.loads(json.dumps(readings.to_keep()))
    assert Readings.kept(kept, NOW).told == readings.told


@pytest.mark.parametrize(
    "page",
    [
        None,
        [],
        {"vehicle.isMoving": True, "x": ["a", None, "2026-09-14T13:51:32Z", "2026-09-14T13:51:32Z"]},
        {"vehicle.isMoving": [True, None, "soon", "2026-09-14T13:51:32Z"]},
        {"vehicle.isMoving": [["?"], None, "2026-09-14T13:51:32Z", "2026-09-14T13:51:32Z"]},
    ],
)
def test_what_cannot_be_read_of_it_is_left_out(page: Json) -> None:
    assert Readings.kept(page, NOW).told == {}


def test_half_a_position_that_was_kept_is_lost_like_a_whole_one() -> None:
    kept = heard((Key.LATITUDE, entry(50.0)), (Key.LONGITUDE, entry(8.0))).to_keep()
    readings = Readings.kept(kept | {Key.LONGITUDE: ["east", "°", AT.isoformat(), AT.isoformat()]}, NOW)
    assert readings.take({Key.GPS_FIX: entry("NO_FIX")}, NOW)
    assert _place(readings) == (None, None)


# Whatever comes

_JUNK: Final[st.SearchStrategy[Json]] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=20),
        st.sampled_from(["x" * (LONGEST_STRUCTURE + 1), "9" * 5000, "\ud83d", "2026-09-14T13:51:32", "-NA-", 10**400]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_ENTRIES: Final = _JUNK | st.fixed_dictionaries(
    {"value": _JUNK, "timestamp": st.sampled_from([AT.isoformat(), "9999-12-31T23:59:59-14:00", ""]) | _JUNK},
    optional={"unit": _JUNK},
)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(
    data=_JUNK | st.dictionaries(st.sampled_from(sorted(CATALOGUE)) | st.text(max_size=40), _ENTRIES, max_size=6),
    is_answer=st.booleans(),
)
def test_nothing_that_comes_does_harm(data: Json, *, is_answer: bool) -> None:
    """Nothing raises, nothing else changes, and whatever is kept can be kept."""
    readings = heard((Key.MILEAGE, entry(48_713, "km")), (Key.FUEL_PERCENT, entry(58, "%")))
    before = dict(readings.told)
    news = readings.take_answer(data, NOW) if is_answer else readings.take(data, NOW)
    changed = {key for key, reading in readings.told.items() if before.get(key) != reading}
    assert bool(changed) == news
    assert changed <= set(data if isinstance(data, dict) else ())
    assert Readings.kept(json.loads(json.dumps(readings.to_keep())), NOW).told.keys() == readings.told.keys()


def test_odd_things_are_noted_without_what_they_were() -> None:
    readings = heard((Key.MILEAGE, entry("far")), (Key.IS_MOVING, entry("perhaps")), ("WBA12345678901234", entry(1)))
    readings.take({Key.FUEL_PERCENT: [], "WBA12345678901234": "x"}, NOW)
    readings.take([], NOW)
    assert readings.oddities == {
        Key.MILEAGE: "str instead of a number",
        Key.IS_MOVING: "str instead of yes or no",
        Key.FUEL_PERCENT: "no object",
        "data": "no object",
    }
    assert not readings.told


def test_there_is_an_end_to_what_is_kept() -> None:
    readings = Readings()
    readings.take({f"vehicle.flood.n{number}": entry(number) for number in range(5000)}, NOW)
    assert len(readings.told) == MOST_READINGS
    assert readings.take({Key.MILEAGE: entry(1, "km")}, NOW)  # there is always a place for what we know
