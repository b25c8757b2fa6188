"""When BMW refuses an account, its owner can have it looked at again, but not too often."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import RepairsFlowResult, repairs_flow_manager
from homeassistant.components.repairs.const import FlowType
from homeassistant.components.repairs.issue_handler import RepairsFlowManager
from homeassistant.components.repairs.models import RepairsFlowContext
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.repairs import PROBE_WAITS, GoneFlow, LookAgainFlow, async_create_fix_flow
from custom_components.mybmw.sources import NotAllowedError, Refusal, SlowDownError, TryLaterError

from .account import NOW, FakeSource, a_car, account_entry, mileage, pass_time, set_up, try_to_set_up
from .flow_texts import TEXTS, placeholders, section, sentences

MINUTE: Final = timedelta(minutes=1)
INTERVAL: Final = timedelta(minutes=5, seconds=1)
I4: Final = a_car("i4")
SILENT: Final = TryLaterError("BMW does not answer")

pytestmark = pytest.mark.freeze_time(NOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An account that BMW refuses, and the dialog about it; `source.times_asked` is counted from then on."""

    hass: HomeAssistant
    entry: MockConfigEntry
    source: FakeSource
    refusal: Refusal

    async def open(self) -> RepairsFlowResult:
        """Open the dialog."""
        assert await async_setup_component(self.hass, "repairs", {})
        await self.hass.async_block_till_done()
        context = RepairsFlowContext(issue_id=f"{self.refusal}_{self.entry.entry_id}")
        step = await self._flows.async_init(DOMAIN, context=context)
        return self._seen(await self.choose(step, "look_again") if step["type"] is FlowResultType.MENU else step)

    async def choose(self, menu: RepairsFlowResult, option: str) -> RepairsFlowResult:
        """Choose from the menu of who is blocked."""
        for texts in TEXTS.values():
            shown = section(texts, "issues", self.refusal, "fix_flow", "step", "init")
            assert shown.keys() == {"title", "description", "menu_options", "menu_option_descriptions"}
            assert list(section(shown, "menu_options")) == menu["menu_options"]
        return await self._flows.async_configure(menu["flow_id"], {"next_step_id": option})

    async def look_again(self) -> RepairsFlowResult:
        """Press the button in it."""
        [flow] = self._flows.async_progress()
        step = await self._flows.async_configure(flow["flow_id"], {})
        await self.hass.async_block_till_done()
        return self._seen(step)

    @property
    def _flows(self) -> RepairsFlowManager:
        manager = repairs_flow_manager(self.hass)
        assert manager
        return manager

    def _seen(self, step: RepairsFlowResult) -> RepairsFlowResult:
        """See that a form has its texts in every language, and what is filled into them."""
        for texts in TEXTS.values() if step["type"] is FlowResultType.FORM else ():
            fix_flow = section(texts, "issues", self.refusal, "fix_flow")
            shown = section(fix_flow, "step", step["step_id"])
            assert shown.keys() == {"title", "description", "submit"}
            told = [text for _, text in sentences(shown)]
            told += [str(section(fix_flow, "error")[error]) for error in (step["errors"] or {}).values()]
            given = step["description_placeholders"] or {}
            assert all(given[name] for name in placeholders(" ".join(told)))
        return step


def error(form: RepairsFlowResult) -> str:
    """What a form complains of."""
    return (form["errors"] or {})["base"]


@pytest.fixture
def entry() -> MockConfigEntry:
    """An account."""
    return account_entry()


@pytest.fixture(params=[(refusal, was_well) for refusal in Refusal for was_well in (True, False)], ids=str)
async def refused(
    hass: HomeAssistant, source: FakeSource, entry: MockConfigEntry, request: pytest.FixtureRequest
) -> Refused:
    """An account that was well before, or could not even be set up."""
    refusal, was_well = request.param
    source.show(I4)
    if was_well:
        coordinator = await set_up(hass, entry)
        source.failure = NotAllowedError("No", refusal)
        await coordinator.async_refresh()
    else:
        source.failure = NotAllowedError("No", refusal)
        await try_to_set_up(hass, entry)
        assert entry.state is ConfigEntryState.SETUP_RETRY
    source.times_asked = 0
    return Refused(hass=hass, entry=entry, source=source, refusal=refusal)


async def test_a_refusal_that_is_over_is_repaired(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, refused: Refused, issue_registry: ir.IssueRegistry
) -> None:
    assert not (await refused.open())["errors"]
    freezer.tick(PROBE_WAITS[refused.refusal])
    refused.source.failure = None
    assert (await refused.look_again())["type"] is FlowResultType.CREATE_ENTRY
    assert refused.source.times_asked == 1
    assert mileage(hass, I4) == "1000"
    assert not [issue for domain, issue in issue_registry.issues if domain == DOMAIN]
    await pass_time(hass, freezer, INTERVAL)
    assert refused.source.times_asked == 2, "back to the usual pace"


async def test_a_refusal_that_goes_on_is_looked_at_now_and_then(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, refused: Refused
) -> None:
    wait = PROBE_WAITS[refused.refusal]
    await refused.open()
    assert error(await refused.look_again()) == "too_early"
    assert refused.source.times_asked == 0

    freezer.tick(wait)
    assert error(await refused.look_again()) == "still_refused"
    assert refused.source.times_asked == 1
    for _ in range(3):
        assert error(await refused.look_again()) == "too_early"
    await hass.config_entries.async_reload(refused.entry.entry_id)  # a restart does not help
    freezer.tick(wait - MINUTE)
    assert error(await refused.look_again()) == "too_early"
    assert refused.source.times_asked == 1

    freezer.tick(MINUTE)
    assert error(await refused.look_again()) == "still_refused"
    assert refused.source.times_asked == 2


async def test_a_cloud_that_does_not_answer_settles_nothing(freezer: FrozenDateTimeFactory, refused: Refused) -> None:
    await refused.open()
    freezer.tick(PROBE_WAITS[refused.refusal])
    refused.source.failure = SILENT
    assert error(await refused.look_again()) == "no_answer"
    assert refused.source.times_asked == 1


async def test_a_full_quota_is_waited_for(freezer: FrozenDateTimeFactory, refused: Refused) -> None:
    await refused.open()
    freezer.tick(PROBE_WAITS[refused.refusal])
    refused.source.failure = SlowDownError("Quota exceeded", NOW + timedelta(hours=5))
    for _ in range(3):
        assert error(await refused.look_again()) == "too_early"
    freezer.tick(timedelta(hours=2))
    assert error(await refused.look_again()) == "too_early"
    assert refused.source.times_asked == 1


async def test_the_dialog_in_a_browser(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """What Home Assistant's page asks, from the message to the end of it."""
    assert await async_setup_component(hass, "repairs", {})
    source.show(I4)
    coordinator = await set_up(hass, account_entry())
    source.failure = NotAllowedError("No", Refusal.FORBIDDEN)
    await coordinator.async_refresh()

    async def issues() -> list[dict[str, object]]:
        socket = await hass_ws_client(hass)  # a new one each time: none outlives a jump in time
        await socket.send_json_auto_id({"type": "repairs/list_issues"})
        listed: list[dict[str, object]] = (await socket.receive_json())["result"]["issues"]
        return [issue for issue in listed if issue["domain"] == DOMAIN]

    [issue] = await issues()
    assert issue["is_fixable"]
    http = await hass_client()

    async def post(address: str, answers: dict[str, object]) -> dict[str, object]:
        async with http.post(address, json=answers) as answer:
            step: dict[str, object] = await answer.json()
        return step

    fix = "/api/repairs/issues/fix"
    form = await post(fix, {"handler": DOMAIN, "issue_id": issue["issue_id"]})
    assert (form["type"], form["step_id"], form["data_schema"]) == ("form", "look_again", [])
    flow = f"{fix}/{form['flow_id']}"
    assert (await post(flow, {}))["errors"] == {"base": "too_early"}
    freezer.tick(PROBE_WAITS[Refusal.FORBIDDEN])
    assert (await post(flow, {}))["errors"] == {"base": "still_refused"}
    freezer.tick(PROBE_WAITS[Refusal.FORBIDDEN])
    source.failure = None
    assert (await post(flow, {}))["type"] == "create_entry"
    assert not await issues()


async def test_an_account_that_is_gone_has_nothing_to_repair(hass: HomeAssistant) -> None:
    """Its message may still be on somebody's page."""
    for data in (None, {"entry_id": "gone"}):
        flow = await async_create_fix_flow(hass, "blocked_gone", data)
        assert isinstance(flow, GoneFlow)
        step = await flow.async_step_init()
        assert (step["type"], step["reason"]) == ("abort", "account_gone")


@pytest.mark.parametrize("choice", ["change_source", "look_again"])
async def test_an_account_that_goes_while_its_dialog_is_open_has_nothing_to_repair(
    hass: HomeAssistant, entry: MockConfigEntry, choice: str
) -> None:
    entry.add_to_hass(hass)
    dialog = LookAgainFlow(entry, is_blocked=True)
    dialog.hass = hass
    await hass.config_entries.async_remove(entry.entry_id)
    step = await getattr(dialog, f"async_step_{choice}")({})
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "account_gone")
    assert not hass.config_entries.flow.async_progress(include_uninitialized=True)


async def test_an_account_that_could_not_be_taken_down_waits_for_a_restart(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, refused: Refused
) -> None:
    await refused.open()
    freezer.tick(PROBE_WAITS[refused.refusal])
    refused.entry.mock_state(hass, ConfigEntryState.FAILED_UNLOAD)
    assert error(await refused.look_again()) == "needs_restart"
    assert refused.source.times_asked == 0


def test_every_message_with_a_dialog_says_when_its_account_is_gone() -> None:
    for texts in TEXTS.values():
        dialogs = [dialog for issue in section(texts, "issues").values() if (dialog := section(issue, "fix_flow"))]
        assert dialogs
        assert ["account_gone" in section(dialog, "abort") for dialog in dialogs] == [True] * len(dialogs)


async def test_who_is_blocked_can_leave_by_the_other_door(
    hass: HomeAssistant, refused: Refused, issue_registry: ir.IssueRegistry
) -> None:
    if refused.refusal is not Refusal.BLOCKED:
        return
    assert await async_setup_component(hass, "repairs", {})
    await hass.async_block_till_done()
    issue_id = f"{refused.refusal}_{refused.entry.entry_id}"
    menu = await refused._flows.async_init(DOMAIN, context=RepairsFlowContext(issue_id=issue_id))
    result = await refused.choose(menu, "change_source")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "change_source")
    kind, flow_id = result["next_flow"]
    assert kind is FlowType.CONFIG_FLOW
    form = hass.config_entries.flow.async_get(flow_id)
    assert (form["step_id"], form["context"]["entry_id"]) == ("cardata", refused.entry.entry_id)
    assert issue_registry.async_get_issue(DOMAIN, issue_id), "nothing is repaired yet"
    assert refused.source.times_asked == 0

    refused.entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    assert any(refused.entry.async_get_active_flows(hass, {SOURCE_REAUTH})), "though nobody ends a dialog just closed"
