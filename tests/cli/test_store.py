"""The private file of an account: what is in it, who may use it, and what becomes of a damaged one."""

from datetime import UTC, datetime
from errno import ENOSPC
import fcntl
import json
import os
from pathlib import Path
import stat

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.mybmw.cli.exits import Exit, StopError
from custom_components.mybmw.cli.store import Store
from custom_components.mybmw.sources import Refusal
from custom_components.mybmw.sources.pauses import Pause
from tests.simulator import DEMO_PASSWORD, DEMO_USERNAMES, Fault, Simulator

from .terminal import CAPTCHA, Terminal


async def test_the_store_is_private_and_holds_no_password(terminal: Terminal) -> None:
    assert stat.S_IMODE(terminal.store.stat().st_mode) == 0o600
    assert stat.S_IMODE(terminal.store.parent.stat().st_mode) == 0o700
    kept = json.loads(terminal.store.read_text())
    assert kept["settings"] == {
        "source": "mybmw",
        "username": DEMO_USERNAMES["row"],
        "region": "rest_of_world",
    }
    assert kept["credentials"]["refresh_token"].startswith("eyJ")


async def test_where_a_sign_in_is_renewed_with_the_password_it_is_kept(stranger: Terminal) -> None:
    await stranger.log_in("china")
    assert json.loads(stranger.store.read_text())["settings"]["password"] == DEMO_PASSWORD


async def test_a_renewed_sign_in_is_on_disk_before_it_is_used(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    before = json.loads(terminal.store.read_text())["credentials"]
    terminal.freezer.tick(31 * 24 * 3600)
    two_cars_cloud.faults.append(Fault(path="/eadrax-v", drop=True))  # nothing comes of it but a new sign-in
    assert await terminal.type("status") is Exit.TRY_LATER
    after = json.loads(terminal.store.read_text())["credentials"]
    assert before["refresh_token"] != after["refresh_token"]
    two_cars_cloud.faults.clear()
    assert await terminal.type("status") is Exit.DONE


async def test_a_store_that_cannot_be_written_is_told(terminal: Terminal) -> None:
    async with Store.opened(terminal.store) as store:
        store.path = terminal.folder / "gone" / "account.json"
        with pytest.raises(OSError, match="gone"):
            await store.keep({"refresh_token": "new"})
        with pytest.raises(StopError) as stopped:
            store.save()
    assert stopped.value.code is Exit.STORE


async def test_a_second_command_waits_and_then_gives_up(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    two_cars_cloud.requests.clear()
    lock = os.open(f"{terminal.store}.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert await terminal.type("status") is Exit.STORE
    assert "Another command is using" in terminal.err
    assert not two_cars_cloud.requests
    os.close(lock)
    assert await terminal.type("status") is Exit.DONE


async def test_a_store_that_others_may_read_is_not_used(terminal: Terminal) -> None:
    terminal.store.chmod(0o644)
    assert await terminal.type("status") is Exit.STORE
    assert "others may read it" in terminal.err


async def test_another_account_needs_another_file(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    two_cars_cloud.requests.clear()
    terminal.environment |= {"MYBMW_PASSWORD": "other", "MYBMW_CAPTCHA_TOKEN": CAPTCHA}
    before = terminal.store.read_text()
    assert await terminal.type("login", "--username", "else@example.com", "--region", "china") is Exit.STORE
    assert "belongs to another account" in terminal.err
    assert terminal.store.read_text() == before
    assert not two_cars_cloud.requests


async def test_a_place_that_cannot_be_used_is_told(stranger: Terminal) -> None:
    (stranger.folder / "file").touch()
    stranger.environment["MYBMW_STORE"] = str(stranger.folder / "file" / "account.json")
    assert await stranger.type("status") is Exit.STORE
    assert "cannot be used" in stranger.err
    stranger.environment["MYBMW_STORE"] = str(stranger.folder)  # a folder
    assert await stranger.type("status") is Exit.STORE


async def test_without_a_word_the_store_is_where_the_system_keeps_state(stranger: Terminal) -> None:
    stranger.environment |= {"MYBMW_STORE": "", "XDG_STATE_HOME": str(stranger.folder / "xdg")}
    assert await stranger.type("status") is Exit.SIGN_IN
    assert str(stranger.folder / "xdg" / "mybmw" / "account.json") in stranger.err


async def test_a_damaged_store_is_told(terminal: Terminal) -> None:
    whole = terminal.store.read_text()
    deep = whole.replace('"gcid"', '"x":' + "[" * 300 + "]" * 300 + ',"gcid"')  # can be read, but not be written again
    for damaged in ("", "[]", '{"version": 2}', whole.replace('"pause": null', '"pause": 1'), deep):
        terminal.store.write_text(damaged)
        assert await terminal.type("status") is Exit.STORE
        assert "not a store of ours, or damaged" in terminal.err


async def test_a_pause_is_read_as_it_was_written(terminal: Terminal) -> None:
    pause = Pause(until=datetime(2026, 1, 1, tzinfo=UTC), refusal=Refusal.BLOCKED)
    of_commands = Pause(until=datetime(2026, 1, 2, tzinfo=UTC), refusal=Refusal.BLOCKED)
    async with Store.opened(terminal.store) as store:
        store.begin_pause(pause)
        store.begin_commands_pause(of_commands)
    async with Store.opened(terminal.store) as again:
        assert (again.pause, again.commands_pause) == (pause, of_commands)
    kept = terminal.store.read_text()
    for damaged in (kept.replace("+00:00", ""), kept.replace('"blocked"', '"odd"')):
        terminal.store.write_text(damaged)
        assert await terminal.type("status") is Exit.STORE


async def test_who_is_let_in_anew_is_blocked_in_nothing(terminal: Terminal) -> None:
    pause = Pause(until=datetime(2026, 1, 1, tzinfo=UTC), refusal=Refusal.BLOCKED)
    async with Store.opened(terminal.store) as store:
        store.begin_pause(pause)
        store.begin_commands_pause(pause)
        store.sign_in(store.settings, store.credentials)
        assert (store.pause, store.commands_pause) == (None, None)


async def test_a_store_from_before_there_were_pauses_of_commands_is_read(terminal: Terminal) -> None:
    terminal.store.write_text(terminal.store.read_text().replace('"commands_pause": null,', ""))
    assert "commands_pause" not in terminal.store.read_text()
    async with Store.opened(terminal.store) as store:
        assert store.commands_pause is None
        assert store.credentials


async def test_half_a_file_is_never_left_behind(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    before = terminal.store.read_text()

    def full(_descriptor: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    async with Store.opened(terminal.store) as store:
        monkeypatch.setattr(os, "fsync", full)  # a disk that is full cannot be had otherwise
        with pytest.raises(OSError, match="No space"):
            await store.keep({"refresh_token": "new"})
    assert terminal.store.read_text() == before
    assert {path.name for path in terminal.store.parent.iterdir()} == {"account.json", "account.json.lock"}


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["2026-01-01T00:00:00+00:00", "blocked"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["until", "refusal", "username", "build"]), inner),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    document=st.fixed_dictionaries(
        {"version": st.just(1) | _ANYTHING},
        optional=dict.fromkeys(("settings", "credentials", "must_sign_in", "pause", "vins"), _ANYTHING),
    )
    | st.binary()
)
async def test_whatever_stands_in_a_store_is_read_or_told(tmp_path: Path, document: object) -> None:
    path = tmp_path / "account.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    path.chmod(0o600)
    try:
        async with Store.opened(path) as store:
            store.save()
        async with Store.opened(path) as again:
            assert again == store
    except StopError as err:
        assert err.code is Exit.STORE  # noqa: PT017 (it may also be read)
