"""Names that several rooms of the integration share."""

from typing import Final

DOMAIN: Final = "mybmw"

CARDATA_TITLE: Final = "CarData "
"""What the title of an account begins with that was added through CarData."""

CONF_CAPTCHA_TOKEN: Final = "captcha_token"  # noqa: S105 - the name of a field
CONF_CLIENT_ID: Final = "client_id"
CONF_GCID: Final = "gcid"
CONF_SOURCE: Final = "source"
CONF_READ_ONLY: Final = "read_only"
CONF_UNLOCK_CODE: Final = "unlock_code"
