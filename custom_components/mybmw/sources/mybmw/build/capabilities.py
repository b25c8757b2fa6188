"""What the car and its contract allow."""

from ....vehicle import Capabilities
from ...fields import Fields


def build_capabilities(allowed: Fields, state: Fields) -> Capabilities:
    """What BMW says is allowed. Climate can be stopped where BMW tells whether it runs; it has no flag of its own.

    Every car can be looked for, even one whose flag says no (github.com/bimmerconnected/bimmer_connected issue 643).
    """
    start_climate = allowed.flag("climateNow") is True
    charging_control = allowed.part("remoteChargingCommands").texts("chargingControl")
    return Capabilities(
        reports_state=state.flag("isLscSupported") is True,
        tracking=allowed.flag("vehicleFinder") is True,
        lock=allowed.flag("lock") is True,
        unlock=allowed.flag("unlock") is True,
        flash_lights=allowed.flag("lights") is True,
        sound_horn=allowed.flag("horn") is True,
        start_climate=start_climate,
        stop_climate=start_climate and bool(state.part("climateControlState")),
        find_vehicle=True,
        send_destination=allowed.flag("sendPoi") is True,
        start_charging="START" in charging_control,
        stop_charging="STOP" in charging_control,
        charging_plan=allowed.flag("isChargingPlanSupported") is True,
        charging_settings=allowed.flag("isChargingSettingsEnabled") is True,
        target_soc=allowed.flag("isChargingTargetSocEnabled") is True,
        ac_limit=allowed.flag("isChargingPowerLimitEnabled") is True,
        features=allowed.flags(),
    )
