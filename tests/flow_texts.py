"""Sees to it that whatever a flow shows has its texts, in every language."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.data_entry_flow import FlowResultType

type Texts = str | Mapping[str, Texts]

_FOLDER: Final = Path(__file__).parents[1] / "custom_components" / "mybmw" / "translations"


def _read(language: str) -> Texts:
    texts: Texts = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return texts


TEXTS: Final[Mapping[str, Texts]] = {language: _read(language) for language in ("en", "de")}
"""All translations, by language."""


def section(texts: Texts, *path: str) -> Mapping[str, Texts]:
    """What stands at a path, empty if nothing does."""
    for key in path:
        texts = {} if isinstance(texts, str) else texts.get(key, {})
    return {} if isinstance(texts, str) else texts


def sentences(texts: Texts, *path: str) -> Iterator[tuple[str, str]]:
    """Every text and where it stands below a path."""
    if isinstance(texts, str):
        yield ".".join(path), texts
    else:
        for key, value in texts.items():
            yield from sentences(value, *path, key)


def placeholders(text: str) -> set[str]:
    """What is filled in when a text is shown."""
    return set(re.findall(r"{(\w+)}", text))


def shown(result: ConfigFlowResult, flow: str = "config") -> ConfigFlowResult:
    """What a flow shows, after a look at its texts: all there, and nothing in them that cannot be filled in."""
    for texts in TEXTS.values():
        if result["type"] is FlowResultType.FORM:
            _check_form(result, section(texts, flow))
        elif result["type"] is FlowResultType.MENU:
            _check_menu(result, section(texts, flow))
        elif result["type"] is FlowResultType.EXTERNAL_STEP:
            _check_external(result, section(texts, flow))
        elif result["type"] is FlowResultType.SHOW_PROGRESS:
            _check_progress(result, section(texts, flow))
        elif result["type"] is FlowResultType.ABORT and not result.get("translation_domain"):
            assert result["reason"] in section(texts, flow, "abort")
    return result


def _check_form(form: ConfigFlowResult, texts: Mapping[str, Texts]) -> None:
    step, error_texts = section(texts, "step", form["step_id"]), section(texts, "error")
    schema, errors = form["data_schema"], form["errors"] or {}
    assert schema is not None
    fields = {str(key) for key in schema.schema}

    assert step.keys() == {"title", "description"} | ({"data", "data_description"} if fields else {"submit"})
    assert section(step, "data").keys() == fields
    assert section(step, "data_description").keys() == fields
    assert errors.keys() <= fields | {"base"}
    assert set(errors.values()) <= error_texts.keys()

    on_display = [error_texts[error] for error in errors.values()]
    _check_placeholders(form, step, *on_display)
    _check_fields_named(fields, texts, *on_display)


def _check_fields_named(fields: set[str], texts: Mapping[str, Texts], *on_display: Texts) -> None:
    """An error must not send anybody looking for a field of the account that this form does not have."""
    labels = section(texts, "step", "mybmw", "data")
    named = {field for field, label in labels.items() for text in on_display if str(label) in str(text).title()}
    assert named <= fields or not fields


def _check_menu(menu: ConfigFlowResult, texts: Mapping[str, Texts]) -> None:
    step = section(texts, "step", menu["step_id"])
    options = section(step, "menu_options").keys()

    assert step.keys() == {"title", "description", "menu_options", "menu_option_descriptions"}
    assert menu["menu_options"] == list(options)
    assert section(step, "menu_option_descriptions").keys() == options
    _check_placeholders(menu, step)


def _check_external(external: ConfigFlowResult, texts: Mapping[str, Texts]) -> None:
    step = section(texts, "step", external["step_id"])

    assert step.keys() == {"title", "description"}
    _check_placeholders(external, step)


def _check_progress(progress: ConfigFlowResult, texts: Mapping[str, Texts]) -> None:
    assert section(texts, "step", progress["step_id"]).keys() == {"title"}
    _check_placeholders(progress, section(texts, "progress")[progress["progress_action"]])


def _check_placeholders(result: ConfigFlowResult, *on_display: Texts) -> None:
    named = {name for part in on_display for _, text in sentences(part) for name in placeholders(text)}
    assert named <= (result["description_placeholders"] or {}).keys()
