"""The sensors of a car: what each is called, measured in and read from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import (
    DEGREE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfLength,
    UnitOfPower,
    UnitOfPressure,
    UnitOfRatio,
    UnitOfVolume,
)
from homeassistant.util import dt as dt_util

from .entity import MyBMWEntityDescription, burns_fuel, is_electric, reports_state
from .vehicle import (
    Battery,
    Charging,
    ChargingPlan,
    ChargingStatus,
    Climate,
    ClimateActivity,
    Fuel,
    LowVoltageBattery,
    Service,
    ServiceType,
    Tire,
    Vehicle,
    Wheel,
)


@dataclass(frozen=True, kw_only=True)
class MyBMWSensorDescription(MyBMWEntityDescription, SensorEntityDescription):
    """A fact that is a number, a time or a word."""

    value: Callable[[Vehicle], str | float | date | datetime | None]


def _fuel(vehicle: Vehicle) -> Fuel:
    return vehicle.energy.fuel or Fuel()


def _battery(vehicle: Vehicle) -> Battery:
    return vehicle.energy.battery or Battery()


def _low_voltage_battery(vehicle: Vehicle) -> LowVoltageBattery:
    return vehicle.energy.low_voltage_battery or LowVoltageBattery()


def _charging(vehicle: Vehicle) -> Charging:
    return vehicle.energy.charging or Charging()


def _plan(vehicle: Vehicle) -> ChargingPlan:
    return vehicle.charging_plan or ChargingPlan()


def _climate(vehicle: Vehicle) -> Climate:
    return vehicle.climate or Climate()


def _tells_climate(vehicle: Vehicle) -> bool:
    return _climate(vehicle).activity is not ClimateActivity.UNKNOWN


def _tire(vehicle: Vehicle, wheel: Wheel) -> Tire:
    return (vehicle.tires and vehicle.tires.at(wheel)) or Tire()


def _bar(pressure_kpa: int | None) -> float | None:
    return None if pressure_kpa is None else pressure_kpa / 100


def _words(kind: type[StrEnum]) -> list[str]:
    """What an enumeration can say; to know nothing is a state that Home Assistant has already."""
    return [word.value for word in kind if word.name != "UNKNOWN"]


def _word(word: StrEnum) -> str | None:
    return None if word.name == "UNKNOWN" else word.value


def _next_service(vehicle: Vehicle) -> Service | None:
    return vehicle.maintenance.next_by_date or vehicle.maintenance.next_by_distance


def _if_told(sensor: MyBMWSensorDescription) -> MyBMWSensorDescription:
    """A sensor only for cars that tell its value."""
    return replace(sensor, exists=lambda v: sensor.value(v) is not None)


_DISTANCE: Final = partial(
    MyBMWSensorDescription,
    device_class=SensorDeviceClass.DISTANCE,
    native_unit_of_measurement=UnitOfLength.KILOMETERS,
    suggested_display_precision=0,
)
_RANGE: Final = partial(_DISTANCE, state_class=SensorStateClass.MEASUREMENT)
_PERCENT: Final = partial(
    MyBMWSensorDescription,
    native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
)
_PRESSURE: Final = partial(
    MyBMWSensorDescription,
    device_class=SensorDeviceClass.PRESSURE,
    native_unit_of_measurement=UnitOfPressure.BAR,
    suggested_display_precision=2,
    state_class=SensorStateClass.MEASUREMENT,
)
_TIME: Final = partial(MyBMWSensorDescription, device_class=SensorDeviceClass.TIMESTAMP)


def _tire_sensors(wheel: Wheel) -> tuple[MyBMWSensorDescription, MyBMWSensorDescription]:
    """What one tire tells: in bar, from which Home Assistant makes psi where people count in that.

    The car's kilopascal would become psi as well, but remain kilopascal for everybody else.
    """

    def is_known(vehicle: Vehicle) -> bool:
        return vehicle.tires is not None and vehicle.tires.at(wheel) is not None

    return (
        _PRESSURE(key=f"tire_pressure_{wheel}", exists=is_known, value=lambda v: _bar(_tire(v, wheel).pressure_kpa)),
        _PRESSURE(
            key=f"tire_target_pressure_{wheel}",
            entity_registry_enabled_default=False,
            exists=is_known,
            value=lambda v: _bar(_tire(v, wheel).target_pressure_kpa),
        ),
    )


SENSORS: Final = (
    _DISTANCE(
        key="mileage",
        state_class=SensorStateClass.TOTAL_INCREASING,
        exists=reports_state,
        value=lambda v: v.odometer.mileage_km,
    ),
    _RANGE(key="range_total", exists=reports_state, value=lambda v: v.energy.total_range_km),
    _RANGE(key="range_electric", exists=is_electric, value=lambda v: _battery(v).range_km),
    _RANGE(key="range_fuel", exists=burns_fuel, value=lambda v: _fuel(v).range_km),
    MyBMWSensorDescription(
        key="fuel_level",
        device_class=SensorDeviceClass.VOLUME_STORAGE,
        native_unit_of_measurement=UnitOfVolume.LITERS,
        suggested_display_precision=0,
        state_class=SensorStateClass.MEASUREMENT,
        exists=burns_fuel,
        value=lambda v: _fuel(v).level_l,
    ),
    _PERCENT(key="fuel_percent", exists=burns_fuel, value=lambda v: _fuel(v).level_percent),
    _PERCENT(
        key="battery_level",
        device_class=SensorDeviceClass.BATTERY,
        exists=is_electric,
        value=lambda v: _battery(v).level_percent,
    ),
    MyBMWSensorDescription(
        key="charging_status",
        device_class=SensorDeviceClass.ENUM,
        options=_words(ChargingStatus),
        exists=is_electric,
        value=lambda v: _word(_charging(v).status),
    ),
    MyBMWSensorDescription(
        key="charging_target",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        exists=is_electric,
        value=lambda v: _charging(v).target_percent,
    ),
    _TIME(
        key="charging_start_time",
        entity_registry_enabled_default=False,
        exists=is_electric,
        value=lambda v: v.next_charging_start(dt_util.now()),
    ),
    _TIME(key="charging_end_time", exists=is_electric, value=lambda v: _charging(v).ends_at),
    MyBMWSensorDescription(
        key="ac_current_limit",
        device_class=SensorDeviceClass.CURRENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        entity_registry_enabled_default=False,
        exists=is_electric,
        value=lambda v: _plan(v).ac_limit_a,
    ),
    _if_told(
        MyBMWSensorDescription(
            key="charging_power",
            device_class=SensorDeviceClass.POWER,
            native_unit_of_measurement=UnitOfPower.WATT,
            suggested_unit_of_measurement=UnitOfPower.KILO_WATT,
            suggested_display_precision=1,
            state_class=SensorStateClass.MEASUREMENT,
            value=lambda v: _charging(v).power_w,
        )
    ),
    _if_told(
        MyBMWSensorDescription(
            key="battery_capacity",
            device_class=SensorDeviceClass.ENERGY_STORAGE,
            native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
            suggested_display_precision=1,
            state_class=SensorStateClass.MEASUREMENT,
            entity_category=EntityCategory.DIAGNOSTIC,
            value=lambda v: _battery(v).capacity_kwh,
        )
    ),
    _if_told(
        _PERCENT(
            key="battery_health",
            entity_category=EntityCategory.DIAGNOSTIC,
            value=lambda v: _battery(v).health_percent,
        )
    ),
    _if_told(
        MyBMWSensorDescription(
            key="battery_12v_voltage",
            device_class=SensorDeviceClass.VOLTAGE,
            native_unit_of_measurement=UnitOfElectricPotential.VOLT,
            suggested_display_precision=1,
            state_class=SensorStateClass.MEASUREMENT,
            entity_category=EntityCategory.DIAGNOSTIC,
            value=lambda v: _low_voltage_battery(v).voltage_v,
        )
    ),
    _if_told(
        _PERCENT(
            key="battery_12v_level",
            device_class=SensorDeviceClass.BATTERY,
            entity_category=EntityCategory.DIAGNOSTIC,
            value=lambda v: _low_voltage_battery(v).level_percent,
        )
    ),
    MyBMWSensorDescription(
        key="climate_status",
        device_class=SensorDeviceClass.ENUM,
        options=_words(ClimateActivity),
        exists=_tells_climate,
        value=lambda v: _word(_climate(v).activity),
    ),
    _TIME(key="climate_end_time", exists=_tells_climate, value=lambda v: _climate(v).ends_at),
    *(sensor for wheel in Wheel for sensor in _tire_sensors(wheel)),
    _if_told(
        MyBMWSensorDescription(
            key="next_service_date",
            device_class=SensorDeviceClass.DATE,
            value=lambda v: service.due_date if (service := v.maintenance.next_by_date) else None,
        )
    ),
    _if_told(
        _DISTANCE(
            key="next_service_distance",
            value=lambda v: service.due_distance_km if (service := v.maintenance.next_by_distance) else None,
        )
    ),
    MyBMWSensorDescription(
        key="next_service_type",
        device_class=SensorDeviceClass.ENUM,
        options=_words(ServiceType),
        exists=lambda v: _next_service(v) is not None,
        value=lambda v: service.type.value if (service := _next_service(v)) else None,
    ),
    MyBMWSensorDescription(
        key="heading",
        native_unit_of_measurement=DEGREE,
        state_class=SensorStateClass.MEASUREMENT_ANGLE,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        exists=lambda v: v.capabilities.tracking,
        value=lambda v: v.tracked_location.heading_deg if v.tracked_location else None,
    ),
    _if_told(
        MyBMWSensorDescription(
            key="altitude",
            device_class=SensorDeviceClass.DISTANCE,
            native_unit_of_measurement=UnitOfLength.METERS,
            suggested_display_precision=0,
            state_class=SensorStateClass.MEASUREMENT,
            entity_registry_enabled_default=False,
            value=lambda v: v.tracked_location.altitude_m if v.tracked_location else None,
        )
    ),
    _if_told(
        MyBMWSensorDescription(
            key="software_version",
            entity_category=EntityCategory.DIAGNOSTIC,
            value=lambda v: str(v.identity.software) if v.identity.software else None,
        )
    ),
)

FRESHNESS_SENSORS: Final = (
    _TIME(key="last_reported", entity_category=EntityCategory.DIAGNOSTIC, value=lambda v: v.last_reported),
    _TIME(
        key="last_fetched",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda v: v.fetched_at,
    ),
)
