"""The README quotes what an owner reads, word for word."""

import re

from .flow_texts import TEXTS, sentences
from .test_repository import REPOSITORY


def test_the_readme_quotes_messages_that_exist() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\| \*([^*]+?)\* \|", readme.partition("## When something is wrong")[2], re.MULTILINE)
    ours = [text for _, text in sentences(TEXTS["en"])]
    assert quoted
    for quote in quoted:
        pattern = ".*".join(re.escape(part.strip()) for part in quote.split("…"))
        assert any(re.match(pattern, text) for text in ours), quote


def test_the_readme_explains_every_word_of_the_checkup() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    table = readme.partition("### The words of the checkup")[2].partition("| When signing in")[0]
    checkup = dict(sentences(TEXTS["en"]))["options.step.doctor.description"]
    checks = re.findall(r"\*\*(.+?)\.?\*\*", checkup)
    obstacles = re.findall(r"^- \{\w+\}(.+)", checkup, re.MULTILINE)
    assert re.findall(r"^\| \*\*(.+?)\*\* \|", table, re.MULTILINE) == checks
    quoted = re.findall(r"^\| 👉 \*(.+?) …\* \|", table, re.MULTILINE)
    assert [text.startswith(quote) for quote, text in zip(quoted, obstacles, strict=True)] == [True] * len(obstacles)
