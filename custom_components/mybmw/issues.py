"""Repair issues: what an owner can do something about."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .moments import local_minute
from .sources import Refusal

CHECKUP: Final = "checkup"
_SHARED_CARS: Final = "shared_cars"
TAKE_OVER: Final = "take_over"
TAKEN_OVER: Final = "taken_over"
_LEARN_MORE: Final = "https://github.com/mybmw-ha/mybmw#the-state-of-bmws-two-doors"


@callback
def async_report_refusal(hass: HomeAssistant, entry_id: str, account: str, refusal: Refusal) -> None:
    """Tell the owner that the cloud refuses an account (named by its title), and why; the newest reason counts."""
    for other in set(Refusal) - {refusal}:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(entry_id, other))
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry_id, refusal),
        data={"entry_id": entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=refusal.value,
        translation_placeholders={"account": account},
        learn_more_url=_LEARN_MORE,
    )


@callback
def is_refused(hass: HomeAssistant, entry_id: str) -> bool:
    """Whether the owner was told that the cloud refuses an account, and it was not taken back."""
    registry = ir.async_get(hass)
    return any(registry.async_get_issue(DOMAIN, _issue_id(entry_id, refusal)) for refusal in Refusal)


@callback
def async_report_shared_cars(
    hass: HomeAssistant, entry_id: str, account: str, cars: list[str] | None, other: str
) -> None:
    """Tell the owner which cars (by name) are left out of an account because another one shows them already.

    None are, if `cars` is None; if they have no names just now, because they could not be read, all stays as it is.
    """
    if cars is None:
        ir.async_delete_issue(hass, DOMAIN, f"{_SHARED_CARS}_{entry_id}")
    elif cars:
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{_SHARED_CARS}_{entry_id}",
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=_SHARED_CARS,
            translation_placeholders={"account": account, "cars": ", ".join(cars), "other": other},
        )


@callback
def async_report_checkup(hass: HomeAssistant, entry_id: str, account: str, *, is_ill: bool) -> None:
    """Tell the owner that something has to be put right in BMW's portal, or take it back."""
    if not is_ill:
        ir.async_delete_issue(hass, DOMAIN, f"{CHECKUP}_{entry_id}")
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{CHECKUP}_{entry_id}",
        data={"entry_id": entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=CHECKUP,
        translation_placeholders={"account": account},
    )


@callback
def async_offer_migration(
    hass: HomeAssistant, entry_id: str, account: str, integrations: Collection[str], count: int
) -> None:
    """Offer to take over what other integrations left behind; nothing, if there are none."""
    ir.async_delete_issue(hass, DOMAIN, f"{TAKEN_OVER}_{entry_id}")
    if not integrations:
        ir.async_delete_issue(hass, DOMAIN, f"{TAKE_OVER}_{entry_id}")
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{TAKE_OVER}_{entry_id}",
        data={"entry_id": entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=TAKE_OVER,
        translation_placeholders={"account": account, "integrations": ", ".join(integrations), "count": f"{count}"},
    )


@callback
def async_offer_way_back(hass: HomeAssistant, entry_id: str, account: str, until: datetime) -> None:
    """Offer to undo what was taken over, until a local time."""
    ir.async_delete_issue(hass, DOMAIN, f"{TAKE_OVER}_{entry_id}")
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{TAKEN_OVER}_{entry_id}",
        data={"entry_id": entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=TAKEN_OVER,
        translation_placeholders={"account": account, "until": local_minute(until)},
    )


@callback
def async_clear_migration(hass: HomeAssistant, entry_id: str) -> None:
    """Take back what was offered."""
    ir.async_delete_issue(hass, DOMAIN, f"{TAKE_OVER}_{entry_id}")
    ir.async_delete_issue(hass, DOMAIN, f"{TAKEN_OVER}_{entry_id}")


@callback
def async_clear_issues(hass: HomeAssistant, entry_id: str) -> None:
    """Take back all that was said of an account."""
    async_clear_refusal(hass, entry_id)
    async_report_checkup(hass, entry_id, "", is_ill=False)
    async_clear_migration(hass, entry_id)
    ir.async_delete_issue(hass, DOMAIN, f"{_SHARED_CARS}_{entry_id}")


@callback
def async_clear_refusal(hass: HomeAssistant, entry_id: str) -> None:
    """Take the message back."""
    for refusal in Refusal:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(entry_id, refusal))


def _issue_id(entry_id: str, refusal: Refusal) -> str:
    return f"{refusal}_{entry_id}"
