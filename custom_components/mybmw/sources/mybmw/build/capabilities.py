"""What the car and its contract allow."""

from typing import Final

from ....vehicle import Capabilities, ClimateFunction, ClimateTimerTrigger, DigitalKey
from ...fields import Fields, Tokens

_CLIMATE_FUNCTION: Final[Tokens[ClimateFunction | None]] = Tokens(
    ClimateFunction.__members__, absent=None, unlisted=None
)
_CLIMATE_TIMER_TRIGGER: Final[Tokens[ClimateTimerTrigger | None]] = Tokens(
    ClimateTimerTrigger.__members__, absent=None, unlisted=None
)
_ACTIVATED: Final = "activated"


def build_capabilities(allowed: Fields, *, reports_state: bool, tells_climate: bool) -> Capabilities:
    """What BMW says is allowed.

    Stopping the climate control has no flag of its own: it can be stopped where it can be started and tells what it
    does (`tells_climate`). Every car can be looked for, even one whose flag says no
    (github.com/bimmerconnected/bimmer_connected issue 643).
    """
    start_climate = allowed.flag("climateNow") is True
    charging_control = allowed.part("remoteChargingCommands").texts("chargingControl")
    return Capabilities(
        reports_state=reports_state,
        tracking=allowed.flag("vehicleFinder") is True,
        lock=allowed.flag("lock") is True,
        unlock=allowed.flag("unlock") is True,
        flash_lights=allowed.flag("lights") is True,
        sound_horn=allowed.flag("horn") is True,
        start_climate=start_climate,
        stop_climate=start_climate and tells_climate,
        find_vehicle=True,
        send_destination=allowed.flag("sendPoi") is True,
        start_charging="START" in charging_control,
        stop_charging="STOP" in charging_control,
        charging_plan=allowed.flag("isChargingPlanSupported") is True,
        charging_settings=allowed.flag("isChargingSettingsEnabled") is True,
        target_soc=allowed.flag("isChargingTargetSocEnabled") is True,
        ac_limit=allowed.flag("isChargingPowerLimitEnabled") is True,
        last_state_call=allowed.word("lastStateCallState"),
        state_source=allowed.word("vehicleStateSource"),
        climate_function=allowed.token("climateFunction", _CLIMATE_FUNCTION),
        climate_timer_trigger=allowed.token("climateTimerTrigger", _CLIMATE_TIMER_TRIGGER),
        digital_key=_digital_key(allowed.part("digitalKey")),
        services=_services(allowed.part("remoteServices")),
        features=allowed.flags(),
    )


def _digital_key(key: Fields) -> DigitalKey | None:
    if not key:
        return None
    return DigitalKey(
        state=key.word("state"),
        package=key.word("bookedServicePackage"),
        needs_software_upgrade=key.flag("vehicleSoftwareUpgradeRequired"),
    )


def _services(services: Fields) -> frozenset[str]:
    """The remote services that work; some of those that do not tell no state."""
    parts = services.named_parts()
    return frozenset([name for name, service in parts.items() if service.word("state") == _ACTIVATED])
