"""Asks a cloud what a car has charged, and tells the owner if it does not say."""

from datetime import datetime

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .complaints import calls_used_up
from .const import DOMAIN
from .coordinator import MyBMWCoordinator
from .pauses import explained
from .sources import SignInRequiredError, SlowDownError, SourceError
from .vehicle import ChargingHistory


async def async_charging_history(
    coordinator: MyBMWCoordinator, vin: str, start: datetime, end: datetime
) -> ChargingHistory:
    """What a car has charged between two moments.

    Raises:
        ServiceValidationError: The account's cloud tells nothing of it.
        HomeAssistantError: It did not say this time, or was not asked because it wants to be left alone.
    """
    if not coordinator.source.tells_charging_history:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="history_not_told")
    if pause := coordinator.pause:
        raise explained(pause)
    try:
        return await coordinator.source.charging_history(vin, start, end)
    except SourceError as err:
        await coordinator.async_heed(err)
        if isinstance(err, SignInRequiredError):
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="sign_in_required") from err
        coordinator.pauses.explain()
        if isinstance(err, SlowDownError):
            raise calls_used_up(err.until) from err
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="history_failed", translation_placeholders={"error": str(err)}
        ) from err
