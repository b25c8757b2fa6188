"""What only a browser can show; needs Chromium, and is left out where there is none."""

import shutil
from typing import Final

CHROMIUM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""Where the browser is; None if there is none."""
