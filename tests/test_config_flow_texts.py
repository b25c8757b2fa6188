"""The texts of all forms."""

import pytest

from custom_components.mybmw.sources.mybmw import Region

from .flow_texts import TEXTS, placeholders, section, sentences


@pytest.mark.parametrize("language", TEXTS)
def test_no_text_is_left_over(language: str) -> None:
    """`shown` sees to it that no text is missing."""
    texts = TEXTS[language]

    assert section(texts, "config", "step").keys() == {
        "user",
        "cardata",
        "cardata_again",
        "cardata_code",
        "cardata_wait",
        "cardata_failed",
        "change_number",
        "change_source",
        "checkup",
        "doctor",
        "mybmw",
        "captcha",
        "captcha_page",
        "captcha_token",
        "sign_in_failed",
        "reauth_confirm",
        "reconfigure",
        "reconfigure_cardata",
        "mybmw_settings",
    }
    assert section(texts, "config", "progress").keys() == {"cardata_wait", "checkup"}
    assert section(texts, "options", "abort").keys() == {"checked"}
    assert section(texts, "options", "step").keys() == {"init", "doctor"}
    assert section(texts, "options", "error").keys() == {"unlock_code_blank", "unlock_code_mixed"}
    assert section(texts, "config", "error").keys() == {
        "blocked",
        "cannot_connect",
        "unknown",
        "invalid_auth",
        "invalid_auth_china",
        "invalid_password",
        "invalid_password_china",
        "invalid_password_or_region",
        "missing_captcha",
        "captcha_used",
        "forbidden",
        "forbidden_again",
        "too_many_attempts",
        "invalid_client_id",
        "client_unknown",
        "nothing_subscribed",
        "api_not_subscribed",
        "stream_not_subscribed",
        "code_expired",
        "code_declined",
    }
    assert section(texts, "config", "abort").keys() == {
        "already_configured",
        "not_stored",
        "source_changed",
        "account_gone",
        "unreadable",
        "wrong_account",
    }
    assert section(texts, "selector", "region", "options").keys() == set(Region)


@pytest.mark.parametrize("area", ["common", "config", "options", "selector"])
def test_languages_say_the_same(area: str) -> None:
    english, german = (
        {path: placeholders(text) for path, text in sentences(section(TEXTS[language], area))}
        for language in ("en", "de")
    )

    assert english
    assert english == german


@pytest.mark.parametrize("language", TEXTS)
def test_a_user_name_is_shown_as_it_is(language: str) -> None:
    """Else Home Assistant's page makes a link of an e-mail address, to write a mail to."""
    named = [text for _, text in sentences(TEXTS[language]) if "{username}" in text]
    assert named
    assert [text for text in named if "{username}" in text.replace("`{username}`", "")] == []
