"""A browser, if there is one."""

import pytest

from . import CHROMIUM


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """No Home Assistant is needed in the test's own process."""


@pytest.fixture
def chromium() -> str:
    """Where the browser is."""
    if CHROMIUM is None:
        pytest.skip("the browser tests are left out, because there is no Chromium (Debian: apt install chromium)")
    return CHROMIUM
