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
TAKE_OVER_FAILED: Final = "take_over_failed"
UNDO_FAILED: Final = "undo_failed"
CLEAN_UP_FAILED: Final = "clean_up_failed"
_OF_MIGRATION: Final = (TAKE_OVER, TAKEN_OVER, TAKE_OVER_FAILED, UNDO_FAILED, CLEAN_UP_FAILED)
"""Of these, at most one is shown."""
_LEARN_MORE: Final = "https://github.com/mybmw-ha/mybmw#the-state-of-bmws-two-doors"


@callback
def async_report_refusal(hass: HomeAssistant, entry_id: str, account: str, refusal: Refusal) -> None:
    """Tell the owner that the cloud refuses an account (named by its title), and why; the newest reason counts."""
    for other in set(Refusal) - {refusal}:
        _take_back(hass, entry_id, other)
    _report(hass, entry_id, refusal, severity=ir.IssueSeverity.ERROR, learn_more_url=_LEARN_MORE, account=account)


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
        _take_back(hass, entry_id, _SHARED_CARS)
    elif cars:
        names = ", ".join(cars)
        _report(hass, entry_id, _SHARED_CARS, is_fixable=False, account=account, cars=names, other=other)


@callback
def async_report_checkup(hass: HomeAssistant, entry_id: str, account: str, *, is_ill: bool) -> None:
    """Tell the owner that something has to be put right in BMW's portal, or take it back."""
    if is_ill:
        _report(hass, entry_id, CHECKUP, account=account)
    else:
        _take_back(hass, entry_id, CHECKUP)


@callback
def async_offer_migration(
    hass: HomeAssistant, entry_id: str, account: str, integrations: Collection[str], count: int
) -> None:
    """Offer to take over what other integrations left behind; nothing, if there are none."""
    async_clear_migration(hass, entry_id, but=TAKE_OVER if integrations else None)
    if integrations:
        _report(hass, entry_id, TAKE_OVER, account=account, integrations=", ".join(integrations), count=f"{count}")


@callback
def async_offer_way_back(hass: HomeAssistant, entry_id: str, account: str, until: datetime) -> None:
    """Offer to undo what was taken over, until a local time."""
    async_clear_migration(hass, entry_id, but=TAKEN_OVER)
    _report(hass, entry_id, TAKEN_OVER, account=account, until=local_minute(until))


@callback
def async_report_migration(hass: HomeAssistant, entry_id: str, account: str, failure: str) -> None:
    """Tell the owner what could not be done (one of the keys that end in `_FAILED`)."""
    async_clear_migration(hass, entry_id, but=failure)
    _report(hass, entry_id, failure, severity=ir.IssueSeverity.ERROR, account=account)


@callback
def async_clear_migration(hass: HomeAssistant, entry_id: str, *, but: str | None = None) -> None:
    """Take back what was said of other integrations' leftovers, `but` one message that is to stay."""
    for kind in _OF_MIGRATION:
        if kind != but:
            _take_back(hass, entry_id, kind)


@callback
def async_clear_issues(hass: HomeAssistant, entry_id: str) -> None:
    """Take back all that was said of an account."""
    async_clear_refusal(hass, entry_id)
    _take_back(hass, entry_id, CHECKUP)
    async_clear_migration(hass, entry_id)
    _take_back(hass, entry_id, _SHARED_CARS)


@callback
def async_clear_refusal(hass: HomeAssistant, entry_id: str) -> None:
    """Take the message back."""
    for refusal in Refusal:
        _take_back(hass, entry_id, refusal)


def _report(  # noqa: PLR0913 (a message has that many parts)
    hass: HomeAssistant,
    entry_id: str,
    kind: str,
    *,
    is_fixable: bool = True,
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
    learn_more_url: str | None = None,
    **told: str,
) -> None:
    """Show a message of a kind about an account, or change what it says; `told` is filled into its text."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry_id, kind),
        data={"entry_id": entry_id} if is_fixable else None,
        is_fixable=is_fixable,
        severity=severity,
        translation_key=str(kind),
        translation_placeholders=told,
        learn_more_url=learn_more_url,
    )


def _take_back(hass: HomeAssistant, entry_id: str, kind: str) -> None:
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry_id, kind))


def _issue_id(entry_id: str, kind: str) -> str:
    return f"{kind}_{entry_id}"
