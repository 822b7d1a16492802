"""Small pictures and films of any kind, made anew for each test."""

from __future__ import annotations

import io
from fractions import Fraction

import av
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def picture(kind: str = "JPEG", size: tuple[int, int] = (800, 600), **options: object) -> bytes:
    out = io.BytesIO()
    mode = "RGBA" if kind == "PNG" else "RGB"
    Image.new(mode, size, (30, 90, 160)).save(out, kind, **options)
    return out.getvalue()


def animation(frames: int = 3, size: tuple[int, int] = (400, 320)) -> bytes:
    out = io.BytesIO()
    first, *rest = (_shade(number, size) for number in range(frames))
    first.save(out, "GIF", save_all=True, append_images=rest, duration=200, comment=b"secret")
    return out.getvalue()


def _shade(number: int, size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, (number % 25 * 10, number // 25 * 10, 160))


def film(
    seconds: float = 2,
    codec: str = "libx264",
    *,
    form: str = "mp4",
    size: tuple[int, int] = (320, 240),
    fps: int = 10,
    sound: str = "",
    turned: int = 0,
) -> bytes:
    """Without a camera: each picture a shade of one colour."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        container.metadata["comment"] = "secret place"
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if turned:
            stream.set_display_rotation(turned)
        voice = container.add_stream(sound, rate=48_000, layout="mono") if sound else None
        for number in range(int(seconds * fps)):
            shade = Image.new("RGB", size, (number % 250, 90, 160))
            container.mux(stream.encode(av.VideoFrame.from_image(shade)))
        container.mux(stream.encode())
        if voice:
            _hum(container, voice, seconds)
    return out.getvalue()


def _hum(container: av.container.OutputContainer, voice: av.AudioStream, seconds: float) -> None:
    step = voice.codec_context.frame_size or 960
    for start in range(0, int(seconds * 48_000), step):
        frame = av.AudioFrame(format=voice.codec_context.format.name, layout="mono", samples=step)
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        container.mux(voice.encode(frame))
    container.mux(voice.encode(None))


def upload(content: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)
