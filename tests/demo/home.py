"""The folder that a demo's Home Assistant lives in: its settings, its owner, and accounts, already signed in."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
import fcntl
import json
from pathlib import Path
import shutil
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Json

from . import DemoError
from .accounts import SignedIn

_MARK: Final = ".mybmw-demo"
_INTEGRATION: Final = Path(__file__).parents[2] / "custom_components" / DOMAIN

_OWNER_ID: Final = "4d1a5f6e0b2c47d98f3e6a7b8c9d0e1f"
_SINCE: Final = "2026-01-01T00:00:00+00:00"

_DASHBOARD_FILE: Final = "mybmw.yaml"

# Whoever comes from this machine is the owner and need not sign in; nobody else can reach it.
_CONFIGURATION: Final = f"""\
homeassistant:
  name: Demo
  latitude: 48.1773
  longitude: 11.5563
  elevation: 505
  unit_system: metric
  time_zone: Europe/Berlin
  country: DE
  currency: EUR
  auth_providers:
    - type: trusted_networks
      trusted_networks: [127.0.0.1/32]
      allow_bypass_login: true
    - type: homeassistant
frontend:
history:
logbook:
energy:
automation: !include automations.yaml
lovelace:
  dashboards:
    my-bmw:
      mode: yaml
      title: My BMW
      icon: mdi:car-multiple
      filename: {_DASHBOARD_FILE}
"""


type _Entry = dict[str, Json]


class Home:
    """A config folder of Home Assistant, to be changed only while none runs in it."""

    def __init__(self, folder: Path) -> None:
        """Only name the folder; `console` is where Home Assistant writes what it would write to a terminal."""
        self.folder = folder
        self.console = folder / "console.log"

    @contextmanager
    def occupied(self, *, fresh: bool) -> Generator[None]:
        """Keep everybody else out of the folder for a while. With `fresh`, whatever an earlier demo left is removed.

        Raises DemoError if the folder is somebody else's.
        """
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / _MARK).exists():
            message = f"{self.folder} is not a demo's folder; choose another with --home"
            raise DemoError(message)
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _MARK).open("w") as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                message = f"another demo runs in {self.folder}; stop it, or choose another folder with --home"
                raise DemoError(message) from None
            if fresh:
                self._clear()
            yield

    async def furnish(self, *, port: int) -> None:
        """Write what the demo needs; what Home Assistant wrote beside it in an earlier life stays.

        But for our accounts of an earlier start: they signed in at a cloud that is gone.
        """
        (self.folder / "configuration.yaml").write_text(_CONFIGURATION, encoding="utf-8")
        (self.folder / "automations.yaml").touch()  # those that somebody tries stay
        link = self.folder / "custom_components" / DOMAIN
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(_INTEGRATION)
        async with self._hass() as hass:
            if not (self.folder / ".storage" / "auth").exists():  # it knows the browsers that have been here
                await _store(hass, "auth", _owner())
            await _store(hass, "onboarding", {"done": ["user", "core_config", "analytics", "integration"]}, version=4)
            await _store(hass, "http", _http(port), version=3)
            await _store(hass, "frontend.system_data", {"core": {"default_panel": "my-bmw"}})
            await _change_entries(hass, lambda entries: [entry for entry in entries if entry["domain"] != DOMAIN])

    async def add(self, account: SignedIn) -> None:
        """Add an account."""
        async with self._hass() as hass:
            await _change_entries(hass, lambda entries: [*entries, _entry(account)])
            await AccountStore(hass, account.gcid).async_keep_credentials(account.credentials)

    def hang(self, dashboard: Json) -> None:
        """Show a dashboard; may be done while Home Assistant runs."""
        text = json.dumps(dashboard, indent=1)  # all JSON is YAML
        (self.folder / _DASHBOARD_FILE).write_text(text, encoding="utf-8")

    @asynccontextmanager
    async def _hass(self) -> AsyncGenerator[HomeAssistant]:
        """As much of a Home Assistant as it takes to write its files."""
        hass = HomeAssistant(str(self.folder))
        try:
            yield hass
        finally:
            await hass.async_stop(force=True)

    def _clear(self) -> None:
        for item in self.folder.iterdir():
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            elif item.name != _MARK:
                item.unlink()


async def _store(hass: HomeAssistant, key: str, data: dict[str, Json], *, version: int = 1, minor: int = 1) -> None:
    store = Store[dict[str, Json]](hass, version, key, minor_version=minor, private=True)
    await store.async_save(data)


async def _change_entries(hass: HomeAssistant, change: Callable[[list[_Entry]], list[_Entry]]) -> None:
    store = Store[dict[str, list[_Entry]]](hass, 1, "core.config_entries", minor_version=5)
    stored = await store.async_load() or {"entries": []}
    await store.async_save({"entries": change(stored["entries"])})


def _owner() -> dict[str, Json]:
    return {
        "users": [
            {
                "id": _OWNER_ID,
                "group_ids": ["system-admin"],
                "is_owner": True,
                "is_active": True,
                "name": "Demo",
                "system_generated": False,
                "local_only": False,
            }
        ],
        "groups": [
            {"id": "system-admin", "name": "Administrators"},
            {"id": "system-users", "name": "Users"},
            {"id": "system-read-only", "name": "Read Only"},
        ],
        "credentials": [],
        "refresh_tokens": [],
    }


def _http(port: int) -> dict[str, Json]:
    return {
        "stable": {
            "server_host": ["127.0.0.1"],
            "server_port": port,
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": True,
            "ssl_profile": "intermediate_v6",
            "use_x_frame_options": True,
            "created_at": _SINCE,
            "error": None,
            "error_message": None,
        },
        "pending": None,
        "yaml_migration_done": True,
    }


def _entry(account: SignedIn) -> _Entry:
    return {
        "created_at": _SINCE,
        "modified_at": _SINCE,
        "data": {**account.settings},
        "disabled_by": None,
        "discovery_keys": {},
        "domain": DOMAIN,
        "entry_id": account.entry_id,
        "minor_version": 1,
        "options": {**account.options},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "title": account.title,
        "unique_id": account.gcid,
        "version": 1,
    }
