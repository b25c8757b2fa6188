"""A picture is what it looks like, not what somebody calls it."""

from io import BytesIO

from hypothesis import given, strategies as st
from PIL import Image
import pytest

from custom_components.mybmw.vehicle.views import LARGEST_PICTURE, Picture


def drawn(kind: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (4, 3), "blue").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_are_known_by_their_content(kind: str) -> None:
    picture = Picture.of(drawn(kind))
    assert picture
    assert picture.content_type == f"image/{kind.lower()}"
    assert picture.content == drawn(kind)
    assert "content=" not in repr(picture), "nobody wants to read that in a log"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_was_cut_off_is_no_picture(kind: str) -> None:
    content = drawn(kind)
    assert [length for length in range(len(content)) if Picture.of(content[:length])] == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Blocked",
        b"<html>Service unavailable</html>",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        drawn("GIF"),
        drawn("TIFF"),
    ],
)
def test_nothing_else_is_a_picture(content: bytes) -> None:
    assert Picture.of(content) is None


def test_a_picture_has_a_reasonable_size() -> None:
    content = drawn("PNG")
    middle, end = content[:-12], content[-12:]
    assert Picture.of(middle + bytes(LARGEST_PICTURE - len(content)) + end)
    assert Picture.of(middle + bytes(LARGEST_PICTURE - len(content) + 1) + end) is None


@given(st.binary(max_size=40))
def test_whatever_arrives_is_looked_at(content: bytes) -> None:
    for begin, end in ((b"", b""), (b"\xff\xd8\xff", b""), (b"RIFF", b"WEBP")):
        picture = Picture.of(begin + content + end)
        assert picture is None or picture.content_type.startswith("image/")
