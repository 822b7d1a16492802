"""Copies that fit a platform: padded with white, never cropped; smaller, never cut short."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from publishing.models import Media, MediaKind

from .fitting import PREPARE_SECONDS, Recipe
from .photos import UNREADABLE, flattened
from .prepared import MediaRefused, Patience, Prepared, Progress
from .videos import opened, probe

QUALITIES = (88, 80, 70, 60)
SOUND_RATE = 128_000  # bits a second
SLOWEST = 200_000  # bits a second of picture below which nothing can be recognised
# Bits a second of picture that a longest side needs; the first line that can be afforded.
SIDES = ((2_500_000, 1920), (1_200_000, 1280), (500_000, 854), (SLOWEST, 640))
FILLED = 0.92  # of the bytes allowed: the container and the encoder's slips need some
FPS = 60


class CopyImpossible(Exception):
    """No copy can be made that the platform would take. `code` is worded in problems.py."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def make_copy(source: Path, media: Media, recipe: Recipe, folder: Path, tell: Progress) -> Prepared:
    """Raises CopyImpossible, MediaRefused, and what `tell` raises."""
    if recipe.kind == "mp4":
        return _video(source, media, recipe, folder / "copy.mp4", tell)
    try:
        with Image.open(source) as picture:
            picture.load()
            return _photo(flattened(picture), recipe, folder)
    except UNREADABLE:
        raise CopyImpossible("media_unreadable") from None


# --- shapes ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """In pixels: the picture, and the white canvas it stands on."""

    width: int
    height: int
    canvas_width: int
    canvas_height: int


def laid_out(width: int, height: int, recipe: Recipe, side: int, step: int = 1) -> Layout:
    """The largest layout whose longest side is at most `side` (0: any), never enlarged.

    `step` 2 gives even numbers, which video needs.
    """
    shape = width / height
    wide = max(width, height * recipe.narrowest)
    high = max(height, width / recipe.widest) if recipe.widest else height
    scale = min(1.0, side / max(wide, high)) if side else 1.0
    inner_w, inner_h = _down(width * scale, step), _down(height * scale, step)
    outer_w, outer_h = inner_w, inner_h
    if recipe.narrowest and shape < recipe.narrowest:
        outer_w = _up(inner_h * recipe.narrowest, step)
    if recipe.widest and shape > recipe.widest:
        outer_h = _up(inner_w / recipe.widest, step)
    return Layout(inner_w, inner_h, outer_w, outer_h)


def _down(value: float, step: int) -> int:
    return max(step, int(value / step + 1e-6) * step)


def _up(value: float, step: int) -> int:
    return math.ceil(value / step - 1e-6) * step


# --- photos ---------------------------------------------------------------------------------------


def _photo(picture: Image.Image, recipe: Recipe, folder: Path) -> Prepared:
    side = recipe.side or max(picture.size) * 2
    path = folder / f"copy.{recipe.kind}"
    while side >= 320:
        placed = _on_canvas(picture, laid_out(*picture.size, recipe, side))
        for quality in QUALITIES:
            options = {"quality": quality, "progressive": True} if recipe.kind == "jpeg" else {}
            placed.save(path, recipe.kind.upper(), optimize=True, **options)
            if path.stat().st_size <= recipe.bytes:
                return _copied_photo(placed, path, recipe.kind)
        side = int(min(side, max(placed.size)) * 0.8)
    raise CopyImpossible("media_cannot_shrink")


def _copied_photo(placed: Image.Image, path: Path, kind: str) -> Prepared:
    suffix = {"jpeg": ".jpg"}.get(kind, f".{kind}")
    return Prepared(MediaKind.PHOTO, path, b"", f"image/{kind}", suffix, *placed.size)


def _on_canvas(picture: Image.Image, layout: Layout) -> Image.Image:
    small = picture.resize((layout.width, layout.height), Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (layout.canvas_width, layout.canvas_height), "white")
    place = (layout.canvas_width - layout.width) // 2, (layout.canvas_height - layout.height) // 2
    canvas.paste(small, place)
    return canvas


# --- videos ---------------------------------------------------------------------------------------


def _video(source: Path, media: Media, recipe: Recipe, target: Path, tell: Progress) -> Prepared:
    duration = max(media.duration or 1.0, 0.1)
    rate = recipe.bytes * 8 * FILLED / duration - SOUND_RATE
    if rate < SLOWEST:
        raise CopyImpossible("media_cannot_shrink")
    affordable = next(side for needed, side in SIDES if rate >= needed)
    side = min(recipe.side or affordable, affordable)
    layout = laid_out(media.width, media.height, recipe, side, step=2)
    patience = Patience(PREPARE_SECONDS)

    def told(seconds: float) -> None:
        patience.check()
        tell(seconds / duration)

    with opened(source) as incoming:
        fps = _fps(probe(incoming)["fps"], recipe)
        seconds = _encode(incoming, target, layout, fps=fps, rate=int(rate), tell=told)
    if target.stat().st_size > recipe.bytes:
        raise CopyImpossible("media_cannot_shrink")
    facts = {
        "video_codec": "h264",
        "audio_codec": "aac" if media.facts.get("has_audio") else "",
        "pix_fmt": "yuv420p",
        "fps": fps,
        "has_audio": bool(media.facts.get("has_audio")),
        "bit_rate": int(target.stat().st_size * 8 / duration),
    }
    return Prepared(
        MediaKind.VIDEO, target, b"", "video/mp4", ".mp4",
        layout.canvas_width, layout.canvas_height, round(seconds, 2), facts,
    )  # fmt: skip


def _fps(fps: float, recipe: Recipe) -> int:
    return max(1, min(round(fps) or 25, recipe.fps or FPS))


def _encode(
    incoming: av.container.InputContainer,
    target: Path,
    layout: Layout,
    *,
    fps: int,
    rate: int,
    tell: Progress,
) -> float:
    """H.264 and AAC, as every platform and player takes them; how many seconds it lasts."""
    pictures = incoming.streams.video[0]
    pictures.thread_type = "AUTO"
    sounds = next(iter(incoming.streams.audio), None)
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as outgoing:
        picture = _picture_stream(outgoing, layout, fps, rate)
        voice = _Voice(outgoing) if sounds else None
        film = _Film(pictures, layout, fps)
        for packet in incoming.demux([stream for stream in (pictures, sounds) if stream]):
            for frame in _decoded(packet):
                if isinstance(frame, av.VideoFrame):
                    for shown in film.through(frame):
                        outgoing.mux(picture.encode(shown))
                    tell(film.seconds)
                elif isinstance(frame, av.AudioFrame) and voice:
                    outgoing.mux(voice.through(frame))
        for shown in film.rest():
            outgoing.mux(picture.encode(shown))
        outgoing.mux(picture.encode(None))
        if voice:
            outgoing.mux(voice.through(None))
    return film.seconds


class _Voice:
    """The sound as AAC in stereo."""

    def __init__(self, outgoing: av.container.OutputContainer) -> None:
        self.stream = outgoing.add_stream("aac", rate=48_000, layout="stereo")
        self.stream.bit_rate = SOUND_RATE
        self.resampler = av.AudioResampler(format="fltp", layout="stereo", rate=48_000)

    def through(self, frame: av.AudioFrame | None) -> list[av.Packet]:
        """None: the end, with what is still inside."""
        frames = self.resampler.resample(frame)
        packets = [packet for each in frames for packet in self.stream.encode(each)]
        return [*packets, *self.stream.encode(None)] if frame is None else packets


def _picture_stream(
    outgoing: av.container.OutputContainer, layout: Layout, fps: int, rate: int
) -> av.VideoStream:
    """Good pictures as small as they go, and never more bits than the platform has room for."""
    limits = {"maxrate": str(rate), "bufsize": str(rate), "crf": "23", "preset": "veryfast"}
    stream = outgoing.add_stream("libx264", rate=fps, options=limits)
    stream.width, stream.height = layout.canvas_width, layout.canvas_height
    stream.pix_fmt = "yuv420p"
    stream.time_base = Fraction(1, fps)
    return stream


def _decoded(packet: av.Packet) -> Sequence[object]:
    """A damaged frame is left out; what is left must still make a video."""
    try:
        return packet.decode()
    except av.error.InvalidDataError:
        return []


class _Film:
    """Turns, scales, pads and times the frames of a video."""

    def __init__(self, stream: av.VideoStream, layout: Layout, fps: int) -> None:
        self.stream, self.layout, self.fps = stream, layout, fps
        self.graph: av.filter.Graph | None = None
        self.count = 0

    @property
    def seconds(self) -> float:
        return self.count / self.fps

    def through(self, frame: av.VideoFrame) -> list[av.VideoFrame]:
        if self.graph is None:
            self.graph = self._graph(frame.rotation)
        self.graph.vpush(frame)
        return self._pulled(self.graph)

    def rest(self) -> list[av.VideoFrame]:
        if self.graph is None:
            raise MediaRefused("")  # not one frame could be read
        self.graph.vpush(None)
        return self._pulled(self.graph)

    def _pulled(self, graph: av.filter.Graph) -> list[av.VideoFrame]:
        frames: list[av.VideoFrame] = []
        while True:
            try:
                frame = graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return frames
            frame.pts, frame.time_base = self.count, Fraction(1, self.fps)
            frame.pict_type = 0
            self.count += 1
            frames.append(frame)

    def _graph(self, rotation: int) -> av.filter.Graph:
        box = self.layout
        steps = [
            *TURNS.get(rotation % 360, ()),
            ("fps", f"{self.fps}"),
            ("scale", f"{box.width}:{box.height}"),
            ("pad", f"{box.canvas_width}:{box.canvas_height}:(ow-iw)/2:(oh-ih)/2:white"),
            ("setsar", "1"),
            ("format", "yuv420p"),
        ]
        graph = av.filter.Graph()
        last = graph.add_buffer(template=self.stream)
        for name, options in [*steps, ("buffersink", None)]:
            added = graph.add(name, options) if options else graph.add(name)
            last.link_to(added)
            last = added
        graph.configure()
        return graph


# `rotation` is anticlockwise, as Image.rotate is.
TURNS = {
    90: (("transpose", "cclock"),),
    180: (("hflip", None), ("vflip", None)),
    270: (("transpose", "clock"),),
}
