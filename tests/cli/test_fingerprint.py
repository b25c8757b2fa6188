"""Fingerprints, there and back: what a stranger sends becomes a car that everybody can look at."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.mybmw.cli.exits import Exit
from custom_components.mybmw.sources.loopback import LOOPBACK
from custom_components.mybmw.vehicle.export import Plain
from tests.fingerprints import FingerprintError, read_fingerprint
from tests.recorded import RECORDED_CARS
from tests.simulator import Age, Fault, Garage, Simulator

from .terminal import Terminal

PERSONAL = ("vin", "location", "tracked_location", "fetched_at")


@pytest.fixture
async def all_cars(two_cars_cloud: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """The cloud of everybody, with all recorded cars."""
    for name in RECORDED_CARS.keys() - {"G26", "G01"}:
        two_cars_cloud.garage.add(name)
    monkeypatch.setenv(LOOPBACK, two_cars_cloud.url)
    return two_cars_cloud


async def test_every_recorded_car_comes_back_as_it_was(
    all_cars: Simulator, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    originals = await cars_at(terminal)
    assert await terminal.type("fingerprint", "--folder", str(terminal.folder / "taken")) is Exit.DONE, terminal.err
    folder = Path(terminal.out.strip())

    async with Simulator(cars=read_fingerprint(folder), access_lifetime=timedelta(days=30)) as replayed:
        monkeypatch.setenv(LOOPBACK, replayed.url)
        other = Terminal(folder=terminal.folder / "other", freezer=terminal.freezer)
        await other.log_in()
        copies = await cars_at(other)
    assert len(copies) == len(RECORDED_CARS)
    assert sorted(map(without_persons, copies)) == sorted(map(without_persons, originals))
    assert {bool(car["location"]) for car in copies} == {True, False}
    del all_cars


async def test_a_fingerprint_names_nobody(all_cars: Simulator, terminal: Terminal) -> None:
    await terminal.type("fingerprint", "--folder", str(terminal.folder / "taken"))
    content = contents_of(Path(terminal.out.strip()))
    assert content.count("WBA0FINGERPRINT01") > len(["list", "state", "profile", "charging"])
    for car in all_cars.garage:
        assert car.vin not in content
    for personal in ("DEMO0", "48.17", "11.55", "Olympiapark", "München", "demo@example.com", "eyJ"):
        assert personal not in content


async def test_a_car_that_cannot_be_read_is_in_it_as_far_as_it_could(
    two_cars_cloud: Simulator, terminal: Terminal
) -> None:
    i4 = two_cars_cloud.garage["G26"].vin
    two_cars_cloud.faults.append(Fault(path="vehicles/state", vin=i4, status=500, body="<html>oh</html>"))
    assert await terminal.type("fingerprint", "--folder", str(terminal.folder)) is Exit.PARTLY
    folder = Path(terminal.out.strip())
    report = json.loads((folder / "report.json").read_text())
    assert [bool(car["failure"]) for car in report["cars"]].count(True) == 1
    answers = {"i4" if "i4 eDrive40" in str(car.profile) else "X3": car.state for car in read_fingerprint(folder)}
    assert answers["i4"] == {"capabilities": {}, "state": {}}
    assert answers["X3"] != answers["i4"]


async def test_a_folder_that_cannot_be_written_is_told(terminal: Terminal) -> None:
    (terminal.folder / "file").touch()
    assert await terminal.type("fingerprint", "--folder", str(terminal.folder / "file")) is Exit.STORE
    assert "cannot be written" in terminal.err


def test_the_fingerprints_of_bimmer_connected_are_read_too(tmp_path: Path) -> None:
    car = RECORDED_CARS["G26"]
    for name, content in (
        ("vcs_v5_vehicle-data_profile", car.profile),
        ("vcs_v4_vehicles_state", car.state),
        ("crccs_v2_vehicles", car.charging),
    ):
        (tmp_path / f"bmw-eadrax-{name}_WBA0FINGERPRINT01.json").write_text(json.dumps(content))
    [read] = read_fingerprint(tmp_path)
    assert (read.vin, read.brand, read.profile, read.charging) == (
        "WBA0FINGERPRINT01",
        "bmw",
        car.profile,
        car.charging,
    )


def test_a_file_of_diagnostics_is_read_too(tmp_path: Path) -> None:
    car = RECORDED_CARS["G26"]
    recording = {"brand": "bmw", "profile": car.profile, "state": car.state, "charging": car.charging}
    path = tmp_path / "config_entry-mybmw.json"
    path.write_text(
        json.dumps(
            {
                "home_assistant": {"version": "2026.11.0"},
                "data": {
                    "account": {"recordings": {"vehicle_lists": {}, "unread_vehicles": [{**recording, "state": None}]}},
                    "cars": [{"vehicle": {"brand": "bmw", "state": 1}, "recordings": recording}],
                },
            }
        )
    )
    first, second = sorted(read_fingerprint(path), key=lambda found: found.vin, reverse=True)
    assert {first.vin, second.vin} == {car.vin, "WBA0FINGERPRINT01"}
    assert {len(str(first.state)) > 100, len(str(second.state)) > 100} == {True, False}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "holds no car"),
        ({"a.json": "{}"}, "holds no car"),
        ({"bmw-eadrax-vcs_v4_vehicles_state_WBA0FINGERPRINT01.json": "{"}, "is no JSON"),
        ({"bmw-eadrax-vcs_v4_vehicles_state_WBA0FINGERPRINT01.json": "[]"}, r"\(state\) is no JSON object"),
        ({"bmw-eadrax-vcs_v4_vehicles_state_WBA0FINGERPRINT01.json": '{"state":1}'}, r"\(state.state\) is no JSON"),
        ({"bmw-eadrax-vcs_v4_vehicles_state_WBA0FINGERPRINT01.json": "[" * 150 + "]" * 150}, "too deeply"),
        (
            {f"{folder}/bmw-eadrax-vcs_v4_vehicles_state_WBA0FINGERPRINT01.json": "{}" for folder in "ab"},
            "several answers",
        ),
    ],
)
def test_what_is_no_fingerprint_is_told(tmp_path: Path, files: Mapping[str, str], says: str) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    with pytest.raises(FingerprintError, match=says):
        read_fingerprint(tmp_path)


def test_a_fingerprint_of_more_cars_than_anybody_has_is_told(tmp_path: Path) -> None:
    recording = {"brand": "bmw", "state": {}}
    (tmp_path / "x.json").write_text(json.dumps({"recordings": [recording] * 101}))
    with pytest.raises(FingerprintError, match="101 cars"):
        read_fingerprint(tmp_path / "x.json")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FingerprintError, match="cannot be read"):
        read_fingerprint(tmp_path / "nothing")


_TEXTS = st.text(max_size=5) | st.sampled_from(
    ["2023-01-04T14:57:06Z", "9999-12-31T23:59:59Z", "2023-13-45T99:99:99Z", "0001-01-01T00:00:00Z", "LOCKED"]
)
_KEYS = st.sampled_from(
    ["state", "capabilities", "lastFetched", "lastUpdatedAt", "climateControlState", "remainingSeconds", "vin", "brand"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=8,
)
_STATE = st.fixed_dictionaries({"state": st.dictionaries(_KEYS, _JSON), "capabilities": st.dictionaries(_KEYS, _JSON)})
_NAMES = st.sampled_from(
    [
        f"{brand}-eadrax-{request}_WBA0FINGERPRINT0{number}.json"
        for brand in ("bmw", "mini", "audi")
        for request in ("vcs_v5_vehicle-data_profile", "vcs_v4_vehicles_state", "crccs_v2_vehicles")
        for number in (1, 2)
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(files=st.dictionaries(_NAMES, (_STATE | _JSON).map(lambda value: json.dumps(value).encode()) | st.binary()))
def test_whatever_is_in_a_folder_is_played_or_refused(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("fingerprint")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    play(folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    recordings=st.lists(
        st.fixed_dictionaries({"brand": st.just("bmw") | _JSON, "state": _STATE | _JSON}, optional={"profile": _JSON})
    )
)
def test_whatever_is_in_diagnostics_is_played_or_refused(
    tmp_path_factory: pytest.TempPathFactory, recordings: object
) -> None:
    path = tmp_path_factory.mktemp("diagnostics") / "file.json"
    path.write_text(json.dumps({"data": {"recordings": recordings}}))
    play(path)


def play(path: Path) -> None:
    """Have a garage show the cars of a stranger, unless they are refused."""
    try:
        cars = read_fingerprint(path)
    except FingerprintError:
        return
    garage = Garage(cars, age=Age.FRESH, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    for car in garage:
        car.acted_at = datetime(2026, 1, 1, tzinfo=UTC)
        json.dumps(garage.state_of(car))
        garage.charging_of(car)


def contents_of(folder: Path) -> str:
    """The names and the contents of all files in a folder."""
    return "".join(path.name + path.read_text() for path in folder.iterdir())


async def cars_at(terminal: Terminal) -> list[dict[str, Plain]]:
    """All cars as `status -j` tells of them."""
    assert await terminal.type("status", "-j") is Exit.DONE, terminal.err
    cars: list[dict[str, Plain]] = json.loads(terminal.out)["vehicles"]
    return cars


def without_persons(car: dict[str, Plain]) -> str:
    """A car without what a fingerprint leaves out or replaces, as text, to be sorted and compared."""
    return json.dumps({key: value for key, value in car.items() if key not in PERSONAL}, indent=1)
