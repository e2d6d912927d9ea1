"""Draws small photos for tests, as a phone would send them."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F


def photo(
    width: int = 400, height: int = 300, kind: str = "JPEG", *, turned: bool = False, placed: bool = False
) -> bytes:
    """A photo with a red left half; `turned` lies on its side as cameras store it, `placed` carries a position."""
    picture = Image.new("RGB", (width, height), (40, 90, 160))
    picture.paste((200, 40, 40), (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[MAKER] = "Invented Camera"
    if turned:
        exif[ORIENTATION] = 6
    if placed:
        exif.get_ifd(GPS).update({1: "N", 2: (24.0, 30.0, 0.0), 3: "E", 4: (107.0, 12.0, 0.0)})
    written = io.BytesIO()
    picture.save(written, kind, exif=exif) if kind == "JPEG" else picture.save(written, kind)
    return written.getvalue()


def drawn(*, ink: bool = True) -> bytes:
    """A signature as the page's pad sends it: a clear picture with a stroke of ink, or without any."""
    picture = Image.new("RGBA", (900, 300), (0, 0, 0, 0))
    if ink:
        ImageDraw.Draw(picture).line([(80, 200), (300, 60), (520, 220), (820, 90)], fill=(23, 38, 43, 255), width=7)
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()
