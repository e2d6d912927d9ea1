"""Makes a photo fit to be kept: a real picture, upright, not too large, without what the camera wrote into it."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from workflows.refusal import Refusal
from workflows.text import text

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 60_000_000
LONGEST_SIDE, SMALL_SIDE = 1600, 320
QUALITY, SMALL_QUALITY = 82, 75
WHITE = (255, 255, 255)
LEAST_CONTRAST = 32  # of 255 shades of grey


@dataclass(frozen=True)
class Picture:
    """A photo as it is kept, and its thumbnail, both JPEG."""

    content: bytes
    small: bytes
    width: int
    height: int


def has_ink(content: bytes) -> bool:
    """Tell whether a picture shows anything: not one colour all over. Raises as `fit_picture`."""
    shades = [shade for shade, count in enumerate(_opened(content, SMALL_SIDE).convert("L").histogram()) if count]
    return shades[-1] - shades[0] > LEAST_CONTRAST


def fit_picture(content: bytes) -> Picture:
    """Return a photo turned upright and at most 1600 pixels long, without position, camera and comments.

    Raises Refusal `not_a_picture` for what is no JPEG, PNG or WebP or breaks off, `too_many_pixels`.
    """
    plain = _opened(content, LONGEST_SIDE)
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    small = plain.copy()
    small.thumbnail((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS)
    return Picture(_jpeg(plain, QUALITY), _jpeg(small, SMALL_QUALITY), plain.width, plain.height)


def _opened(content: bytes, side: int) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities of a camera's notes, which are thrown away
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise Refusal("too_many_pixels", text("照片太大，最多 {most} 万像素", most=MOST_PIXELS // 10_000))
                opened.draft("RGB", (side * 2, side * 2))
                upright = ImageOps.exif_transpose(opened)
                return _flat(upright)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as fault:
        raise Refusal("not_a_picture", text("打不开这张照片，请用 JPEG、PNG 或 WebP 格式重新选择")) from fault


def _flat(picture: Image.Image) -> Image.Image:
    """Put the pixels alone, on white, into a new picture: whatever else the file holds stays behind."""
    clear = picture.convert("RGBA")
    flat = Image.new("RGB", clear.size, WHITE)
    flat.paste(clear, mask=clear.getchannel("A"))
    return flat


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=quality, optimize=True)
    return written.getvalue()
