"""The descriptors that we look at, by what they are about. All others are passed on as they are."""

from enum import StrEnum


class Key(StrEnum):
    """A descriptor that the model of a car has a place for."""

    MILEAGE = "vehicle.vehicle.travelledDistance"

    # Energy
    SOC_HEADER = "vehicle.drivetrain.batteryManagement.header"
    SOC_DISPLAYED = "vehicle.powertrain.electric.battery.stateOfCharge.displayed"
    SOC_PREDICTED = "vehicle.drivetrain.electricEngine.charging.level"
    SOC_AT_TRIP_END = "vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc"
    TARGET = "vehicle.powertrain.electric.battery.stateOfCharge.target"
    ELECTRIC_RANGE = "vehicle.drivetrain.electricEngine.kombiRemainingElectricRange"
    ELECTRIC_RANGE_FORECAST = "vehicle.drivetrain.electricEngine.remainingElectricRange"
    LAST_RANGE = "vehicle.drivetrain.lastRemainingRange"
    TOTAL_RANGE = "vehicle.drivetrain.totalRemainingRange"
    FUEL_PERCENT = "vehicle.drivetrain.fuelSystem.level"
    FUEL = "vehicle.drivetrain.fuelSystem.remainingFuel"
    CAPACITY = "vehicle.drivetrain.batteryManagement.batterySizeMax"
    USABLE_CAPACITY = "vehicle.drivetrain.batteryManagement.maxEnergy"
    HEALTH = "vehicle.powertrain.electric.battery.stateOfHealth.displayed"
    LOW_VOLTAGE = "vehicle.electricalSystem.battery.voltage"
    LOW_VOLTAGE_LEVEL = "vehicle.electricalSystem.battery.stateOfCharge"

    # Charging
    CHARGING_STATUS = "vehicle.drivetrain.electricEngine.charging.status"
    CHARGING_HV_STATUS = "vehicle.drivetrain.electricEngine.charging.hvStatus"
    CHARGING_POWER = "vehicle.powertrain.electric.battery.charging.power"
    CONNECTION_TYPE = "vehicle.drivetrain.electricEngine.charging.connectionType"
    MINUTES_LEFT = "vehicle.drivetrain.electricEngine.charging.timeRemaining"
    MINUTES_TO_FULL = "vehicle.drivetrain.electricEngine.charging.timeToFullyCharged"
    IS_PLUGGED = "vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged"
    PORT_STATUS = "vehicle.body.chargingPort.status"
    PORT_COMBINED_STATUS = "vehicle.body.chargingPort.combinedStatus"
    PORT_CLEAR_STATUS = "vehicle.body.chargingPort.statusClearText"
    CONNECTOR_STATUS = "vehicle.drivetrain.electricEngine.charging.connectorStatus"

    # When and how it charges
    PLAN_MODE = "vehicle.drivetrain.electricEngine.charging.profile.mode"
    PLAN_PREFERENCE = "vehicle.drivetrain.electricEngine.charging.profile.preference"
    PLAN_TIMER_TYPE = "vehicle.drivetrain.electricEngine.charging.profile.timerType"
    PLAN_CLIMATE = "vehicle.drivetrain.electricEngine.charging.profile.climatizationActive"
    AC_LIMIT = "vehicle.powertrain.electric.battery.charging.acLimit.selected"
    ACOUSTIC_LIMIT = "vehicle.powertrain.electric.battery.charging.acousticLimit"
    HOSPITALITY = "vehicle.body.chargingPort.isHospitalityActive"
    FLAP_UNLOCKED = "vehicle.body.flap.isPermanentlyUnlocked"

    # Body
    LOCK = "vehicle.cabin.door.status"
    LOCK_IN_REST = "vehicle.cabin.door.lock.status"
    DOOR_FRONT_DRIVER = "vehicle.cabin.door.row1.driver.isOpen"
    DOOR_FRONT_PASSENGER = "vehicle.cabin.door.row1.passenger.isOpen"
    DOOR_REAR_DRIVER = "vehicle.cabin.door.row2.driver.isOpen"
    DOOR_REAR_PASSENGER = "vehicle.cabin.door.row2.passenger.isOpen"
    WINDOW_FRONT_DRIVER = "vehicle.cabin.window.row1.driver.status"
    WINDOW_FRONT_PASSENGER = "vehicle.cabin.window.row1.passenger.status"
    WINDOW_REAR_DRIVER = "vehicle.cabin.window.row2.driver.status"
    WINDOW_REAR_PASSENGER = "vehicle.cabin.window.row2.passenger.status"
    WINDOW_REAR = "vehicle.body.trunk.window.isOpen"
    HOOD = "vehicle.body.hood.isOpen"
    TRUNK = "vehicle.body.trunk.isOpen"
    SUNROOF = "vehicle.cabin.sunroof.overallStatus"
    CONVERTIBLE = "vehicle.cabin.convertible.roofStatus"
    ALARM = "vehicle.vehicle.antiTheftAlarmSystem.alarm.armStatus"

    # Climate
    CLIMATE = "vehicle.vehicle.preConditioning.activity"
    CLIMATE_MINUTES_LEFT = "vehicle.vehicle.preConditioning.remainingTime"
    TIMER_ONCE_ACTION = "vehicle.cabin.climate.timers.overwriteTimer.action"
    TIMER_ONCE_HOUR = "vehicle.cabin.climate.timers.overwriteTimer.hour"
    TIMER_ONCE_MINUTE = "vehicle.cabin.climate.timers.overwriteTimer.minute"
    TIMER_1_ACTION = "vehicle.cabin.climate.timers.weekdaysTimer1.action"
    TIMER_1_HOUR = "vehicle.cabin.climate.timers.weekdaysTimer1.hour"
    TIMER_1_MINUTE = "vehicle.cabin.climate.timers.weekdaysTimer1.minute"
    TIMER_2_ACTION = "vehicle.cabin.climate.timers.weekdaysTimer2.action"
    TIMER_2_HOUR = "vehicle.cabin.climate.timers.weekdaysTimer2.hour"
    TIMER_2_MINUTE = "vehicle.cabin.climate.timers.weekdaysTimer2.minute"

    # Place and motion
    LATITUDE = "vehicle.cabin.infotainment.navigation.currentLocation.latitude"
    LONGITUDE = "vehicle.cabin.infotainment.navigation.currentLocation.longitude"
    HEADING = "vehicle.cabin.infotainment.navigation.currentLocation.heading"
    ALTITUDE = "vehicle.cabin.infotainment.navigation.currentLocation.altitude"
    GPS_FIX = "vehicle.cabin.infotainment.navigation.currentLocation.fixStatus"
    IS_MOVING = "vehicle.isMoving"
    IGNITION = "vehicle.drivetrain.engine.isActive"
    IGNITION_TOO = "vehicle.drivetrain.engine.isIgnitionOn"
    IN_DEEP_SLEEP = "vehicle.vehicle.deepSleepModeActive"

    # Upkeep
    SERVICES = "vehicle.status.conditionBasedServices"
    MESSAGES = "vehicle.status.checkControlMessages"
    PRESSURE_FRONT_LEFT = "vehicle.chassis.axle.row1.wheel.left.tire.pressure"
    PRESSURE_FRONT_RIGHT = "vehicle.chassis.axle.row1.wheel.right.tire.pressure"
    PRESSURE_REAR_LEFT = "vehicle.chassis.axle.row2.wheel.left.tire.pressure"
    PRESSURE_REAR_RIGHT = "vehicle.chassis.axle.row2.wheel.right.tire.pressure"
    TARGET_PRESSURE_FRONT_LEFT = "vehicle.chassis.axle.row1.wheel.left.tire.pressureTarget"
    TARGET_PRESSURE_FRONT_RIGHT = "vehicle.chassis.axle.row1.wheel.right.tire.pressureTarget"
    TARGET_PRESSURE_REAR_LEFT = "vehicle.chassis.axle.row2.wheel.left.tire.pressureTarget"
    TARGET_PRESSURE_REAR_RIGHT = "vehicle.chassis.axle.row2.wheel.right.tire.pressureTarget"


class Noted(StrEnum):
    """A descriptor that is passed on like those without a place, and tells us something beside that."""

    CONSUMPTION = "vehicle.drivetrain.avgElectricRangeConsumption"
    TRIP_END = "vehicle.trip.segment.end.time"
    LOW_VOLTAGE_WANTS_CHARGE = "vehicle.electricalSystem.battery.serviceDemand.recharge"
    LOW_VOLTAGE_WANTS_REPLACEMENT = "vehicle.electricalSystem.battery.serviceDemand.replace"
