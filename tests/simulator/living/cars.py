"""The cars of the garage, as they were when it opened."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from .condition import Opening, Stamp, Work
from .models import (
    ELECTRIC_THIRST,
    PETROL_THIRST,
    Battery,
    DriveTrain,
    Identity,
    Interval,
    Model,
    Tank,
    Tires,
)
from .owners import COOPER_OWNER, I3_OWNER, I5_OWNER, M240I_OWNER, X1_OWNER

_TWO_DOORS: Final = frozenset(
    {
        Opening.DOOR_FRONT_LEFT,
        Opening.DOOR_FRONT_RIGHT,
        Opening.HOOD,
        Opening.TRUNK,
        Opening.WINDOW_FRONT_LEFT,
        Opening.WINDOW_FRONT_RIGHT,
    }
)
_FOUR_DOORS: Final = _TWO_DOORS | {
    Opening.DOOR_REAR_LEFT,
    Opening.DOOR_REAR_RIGHT,
    Opening.WINDOW_REAR_LEFT,
    Opening.WINDOW_REAR_RIGHT,
}

_I5: Final = Model(
    name="I5",
    identity=Identity(
        vin="WBA00000000LIVE01",
        make="BMW",
        model="i5 eDrive40 Touring",
        body="G61",
        year=2024,
        color=0xFF3C4A57,
        head_unit="MGU_02_L",
        idrive="ID8",
        telematics="WAVE01",
        series="G060",
        release=(7, 25, 540),
    ),
    drive_train=DriveTrain.ELECTRIC,
    openings=_FOUR_DOORS | {Opening.SUNROOF},
    battery=Battery(
        kwh=81.2,
        ac_kw=11,
        curve=((0, 150), (8, 205), (30, 196), (50, 138), (70, 92), (80, 62), (90, 38), (97, 14), (100, 5)),
        kwh_per_100_km=18.2,
    ),
    tires=Tires(
        target_kpa=(250, 250, 280, 280),
        loss_kpa_per_day=(0.16, 0.21, 0.18, 0.14),
        sizes=("245/45 R19 102Y XL", "275/40 R19 105Y XL"),
        manufacturer="Michelin",
        tread="PILOT SPORT 4",
        is_winter=False,
        week=624,
    ),
    works={
        Work.BRAKE_FLUID: Interval(months=24, last=Stamp(date(2024, 6, 1), 0)),
        Work.VEHICLE_CHECK: Interval(months=24, last=Stamp(date(2024, 6, 1), 0)),
        Work.INSPECTION: Interval(months=24, last=Stamp(date(2025, 6, 1), 0)),
    },
    mileage_km=31_482.4,
    parked=(0.00004, -0.00010),
    owner=I5_OWNER,
    thirst=ELECTRIC_THIRST,
)

_X1: Final = Model(
    name="X1",
    identity=Identity(
        vin="WBA00000000LIVE02",
        make="BMW",
        model="X1 xDrive25e",
        body="U11",
        year=2023,
        color=0xFF8C2F2B,
        head_unit="MGU_02_A",
        idrive="ID8",
        telematics="ATM02",
        series="U011",
        release=(3, 25, 520),
    ),
    drive_train=DriveTrain.PLUG_IN_HYBRID,
    openings=_FOUR_DOORS | {Opening.SUNROOF},
    battery=Battery(kwh=14.2, ac_kw=7.4, curve=((0, 7.4), (85, 7.4), (95, 4), (100, 1.5)), kwh_per_100_km=19.5),
    tank=Tank(liters=47, l_per_100_km=6.9),
    tires=Tires(
        target_kpa=(240, 240, 240, 240),
        loss_kpa_per_day=(0.2, 0.17, 0.24, 0.19),
        sizes=("225/55 R18 102V XL", "225/55 R18 102V XL"),
        manufacturer="Continental",
        tread="WINTERCONTACT TS 870 P",
        is_winter=True,
        week=3523,
    ),
    works={
        Work.OIL: Interval(months=24, km=30_000, last=Stamp(date(2025, 3, 1), 24_100)),
        Work.BRAKE_FLUID: Interval(months=24, last=Stamp(date(2025, 3, 1), 24_100)),
        Work.VEHICLE_CHECK: Interval(months=48, km=60_000, last=Stamp(date(2023, 3, 1), 0)),
        Work.INSPECTION: Interval(months=24, last=Stamp(date(2024, 10, 1), 0)),
    },
    mileage_km=38_911.7,
    parked=(0.00001, 0.00014),
    owner=X1_OWNER,
    thirst=ELECTRIC_THIRST,
)

_M240I: Final = Model(
    name="M240I",
    identity=Identity(
        vin="WBS00000000LIVE03",
        make="BMW",
        model="M240i xDrive",
        body="G42",
        year=2022,
        color=0xFF5B2A86,
        head_unit="HU_MGU",
        idrive="ID7",
        telematics="ATM2",
        series="S18A",
        release=(11, 24, 560),
    ),
    drive_train=DriveTrain.PETROL,
    openings=_TWO_DOORS | {Opening.SUNROOF},
    tank=Tank(liters=52, l_per_100_km=8.4),
    tires=Tires(
        target_kpa=(230, 230, 250, 250),
        loss_kpa_per_day=(0.2, 0.18, 0.22, 4.6),  # there is a nail in the last one
        sizes=("225/40 R19 93Y XL", "255/35 R19 96Y XL"),
        manufacturer="Pirelli",
        tread="P-ZERO",
        is_winter=False,
        week=4821,
    ),
    works={
        Work.OIL: Interval(months=24, km=25_000, last=Stamp(date(2025, 1, 1), 41_700)),
        Work.BRAKE_FLUID: Interval(months=24, last=Stamp(date(2024, 11, 1), 39_000)),
        Work.VEHICLE_CHECK: Interval(months=48, km=60_000, last=Stamp(date(2022, 11, 1), 0)),
        Work.INSPECTION: Interval(months=24, last=Stamp(date(2025, 11, 1), 0)),
    },
    mileage_km=57_204.9,
    parked=(-0.00003, -0.00022),
    owner=M240I_OWNER,
    thirst=PETROL_THIRST,
)

_COOPER: Final = Model(
    name="COOPER",
    identity=Identity(
        vin="WMW00000000LIVE04",
        make="MINI",
        model="Cooper SE",
        body="J01",
        year=2025,
        color=0xFF2E6E5E,
        head_unit="MGU_02_A",
        idrive="ID8",
        telematics="ATM02",
        series="J001",
        release=(7, 25, 530),
    ),
    drive_train=DriveTrain.ELECTRIC,
    openings=_TWO_DOORS,
    battery=Battery(
        kwh=49.2,
        ac_kw=11,
        curve=((0, 80), (10, 95), (40, 88), (60, 66), (80, 41), (90, 24), (97, 9), (100, 4)),
        kwh_per_100_km=15.1,
    ),
    tires=Tires(
        target_kpa=(240, 240, 240, 240),
        loss_kpa_per_day=(0.2, 0.19, 0.15, 0.23),
        sizes=("215/45 R17 91W XL", "215/45 R17 91W XL"),
        manufacturer="Hankook",
        tread="VENTUS PRIME 4",
        is_winter=False,
        week=1225,
    ),
    works={
        Work.BRAKE_FLUID: Interval(months=24, last=Stamp(date(2025, 4, 1), 0)),
        Work.VEHICLE_CHECK: Interval(months=24, last=Stamp(date(2025, 4, 1), 0)),
        Work.INSPECTION: Interval(months=36, last=Stamp(date(2025, 4, 1), 0)),
    },
    mileage_km=9_340.2,
    parked=(0.00007, 0.00003),
    owner=COOPER_OWNER,
    thirst=ELECTRIC_THIRST,
)

_I3: Final = Model(
    name="I3",
    identity=Identity(
        vin="WBY00000000LIVE05",
        make="BMW_I",
        model="i3 (+ REX)",
        body="I01",
        year=2017,
        color=0xFFB7B9BC,
        head_unit="NBT",
        idrive="ID4",
        telematics="TCB1",
        series="I001",
        release=(11, 21, 510),
    ),
    drive_train=DriveTrain.RANGE_EXTENDER,
    openings=_FOUR_DOORS - {Opening.WINDOW_REAR_LEFT, Opening.WINDOW_REAR_RIGHT},
    battery=Battery(
        kwh=27.2, ac_kw=11, curve=((0, 44), (10, 49), (80, 47), (90, 22), (97, 6), (100, 2)), kwh_per_100_km=14.8
    ),
    tank=Tank(liters=9, l_per_100_km=6.6),
    tires=Tires(
        target_kpa=(230, 230, 280, 280),
        loss_kpa_per_day=(0.26, 0.3, 0.24, 0.28),
        sizes=("155/70 R19 84Q", "175/60 R19 86Q"),
        manufacturer="Bridgestone",
        tread="ECOPIA EP500",
        is_winter=False,
        week=922,
    ),
    works={
        Work.OIL: Interval(months=24, km=30_000, last=Stamp(date(2024, 12, 1), 88_000)),
        Work.BRAKE_FLUID: Interval(months=24, last=Stamp(date(2024, 12, 1), 88_000)),
        Work.VEHICLE_CHECK: Interval(months=24, last=Stamp(date(2024, 12, 1), 88_000)),
        Work.INSPECTION: Interval(months=24, last=Stamp(date(2025, 8, 1), 0)),
    },
    mileage_km=96_733.1,
    parked=(-0.00006, 0.00009),
    owner=I3_OWNER,
    thirst=ELECTRIC_THIRST,
)

LIVING_CARS: Final[Mapping[str, Model]] = {model.name: model for model in (_I5, _X1, _M240I, _COOPER, _I3)}
"""All cars of the garage by name. Their VINs are made up, and such that nobody can take them for real."""
