"""Videos on their way in: probed, and remuxed into a new container without their metadata (S4).

Nothing is re-encoded here: a video that a platform does not take as it is gets a copy (copies.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from django.utils.translation import gettext_lazy as _

from publishing.models import MediaKind

from .photos import thumbnail
from .prepared import MediaRefused, Patience, Prepared

VIDEO_SECONDS = 60 * 60
LONGEST_SIDE = 4096  # pixels
SMALLEST_SIDE = 64
STREAMS = 16
HEAD = 12  # bytes
FIRST_PACKETS = 500  # in which a picture must appear
PATIENCE = 90  # seconds
# What cameras, phones and editing programs write; rare decoders are a way in for enemies.
VIDEO_CODECS = frozenset(
    {
        *("h264", "hevc", "av1", "libdav1d", "vp8", "vp9"),
        *("mpeg4", "mpeg2video", "mjpeg", "prores", "dnxhd", "h263"),
    }
)
AUDIO_CODECS = frozenset(
    ("aac", "mp3", "mp3float", "opus", "vorbis", "flac", "ac3", "eac3", "alac")
)
IN_MP4 = frozenset(["h264", "hevc", "av1", "libdav1d", "vp9", "mpeg4", "aac", "mp3", "mp3float"])
UNREADABLE = (av.error.FFmpegError, ValueError, IndexError, OverflowError, MemoryError)


@contextmanager
def opened(source: Path) -> Iterator[InputContainer]:
    """As the container that its first bytes say it is: nothing that could name other files.

    Raises MediaRefused, also for whatever the library finds wrong while it is read.
    """
    try:
        with av.open(str(source), format=_container(source), metadata_errors="ignore") as container:
            yield container
    except UNREADABLE:
        raise _unreadable() from None


def _container(source: Path) -> str:
    with source.open("rb") as file:
        found = container_of(file.read(HEAD))
    if not found:
        raise _unreadable()
    return found


def container_of(head: bytes) -> str:
    """What the first HEAD bytes of a file say it is; empty: nothing we know."""
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return "mov"
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return "gif"  # our own animations; from outside they come as photos
    return ""


def _unreadable() -> MediaRefused:
    return MediaRefused(_("This file is not a video we can read. Use MP4, MOV, WebM or MKV."))


def prepare_video(source: Path, folder: Path) -> Prepared:
    """Raises MediaRefused."""
    patience = Patience(PATIENCE)
    with opened(source) as incoming:
        facts = probe(incoming)
        if facts["video_codec"] == "gif":
            raise _unreadable()
        first = _first_frame(incoming, patience)
        poster = first.to_image().rotate(first.rotation, expand=True)
        width, height = poster.size
        _check_size(width, height)  # the frame itself may differ from what the header said
    is_mp4 = IN_MP4.issuperset(filter(None, (facts["video_codec"], facts["audio_codec"])))
    target = folder / ("video.mp4" if is_mp4 else "video.mkv")
    with opened(source) as incoming:
        duration = _remux(incoming, target, first.rotation, patience)
    mime = "video/mp4" if is_mp4 else "video/x-matroska"
    facts["bit_rate"] = int(target.stat().st_size * 8 / duration)
    return Prepared(
        MediaKind.VIDEO, target, thumbnail(poster), mime, target.suffix,
        width, height, round(duration, 2), facts,
    )  # fmt: skip


def probe(incoming: InputContainer) -> dict[str, Any]:
    """video_codec, audio_codec, pix_fmt, fps, has_audio. Raises MediaRefused."""
    if len(incoming.streams) > STREAMS:
        raise MediaRefused(_("The file has too many tracks. Save it with one picture and sound."))
    if not incoming.streams.video:
        raise MediaRefused(_("The file has sound but no picture."))
    stream = incoming.streams.video[0]
    codec = stream.codec_context
    if codec.name not in VIDEO_CODECS | {"gif"}:
        raise MediaRefused(_("The video is of an unusual kind. Save it as MP4 with H.264."))
    _check_size(codec.width, codec.height)
    if float(incoming.duration or 0) / av.time_base > VIDEO_SECONDS:
        raise _wrong_length()
    sound = _sound(incoming)
    rate = stream.average_rate or stream.guessed_rate
    return {
        "video_codec": "av1" if codec.name == "libdav1d" else codec.name,
        "audio_codec": sound.codec_context.name.removesuffix("float") if sound else "",
        "pix_fmt": codec.pix_fmt or "",
        "fps": round(min(float(rate or 0), 1000), 2),
        "has_audio": sound is not None,
    }


def _sound(incoming: InputContainer) -> av.AudioStream | None:
    """The first sound track we know; one of a strange kind is left out, as a silent video is."""
    for stream in incoming.streams.audio:
        name = stream.codec_context.name
        if name in AUDIO_CODECS or name.startswith("pcm_"):
            return stream
    return None


def _check_size(width: int, height: int) -> None:
    if min(width, height) < SMALLEST_SIDE or max(width, height) > LONGEST_SIDE:
        raise MediaRefused(
            _("The picture of the video is too small or too large: 64 to 4096 pixels.")
        )


def _wrong_length() -> MediaRefused:
    return MediaRefused(_("The video must be between one second and one hour long."))


def _first_frame(incoming: InputContainer, patience: Patience) -> av.VideoFrame:
    for number, packet in enumerate(incoming.demux(incoming.streams.video[0])):
        patience.check()
        if number > FIRST_PACKETS:
            break
        for frame in packet.decode():
            return frame
    raise _unreadable()


def _remux(incoming: InputContainer, target: Path, rotation: int, patience: Patience) -> float:
    """Copy the picture and the sound; how many seconds the picture really lasts."""
    picture, sound = incoming.streams.video[0], _sound(incoming)
    wanted = [stream for stream in (picture, sound) if stream]
    with _written(target) as outgoing:
        shown = outgoing.add_stream_from_template(picture)
        shown.set_display_rotation(rotation)
        copies: dict[int, av.stream.Stream] = {picture.index: shown}
        if sound:
            copies[sound.index] = outgoing.add_stream_from_template(sound)
        lasts = 0.0
        for packet in _timed(incoming.demux(wanted), picture):
            patience.check()
            if packet.stream is picture:
                ends = float(((packet.pts or 0) + (packet.duration or 0)) * packet.time_base)
                lasts = max(lasts, ends)
            if lasts > VIDEO_SECONDS:
                raise _wrong_length()
            packet.stream = copies[packet.stream.index]
            outgoing.mux(packet)
    if lasts < 1:
        raise _wrong_length()
    return lasts


def _timed(packets: Iterator[av.Packet], picture: av.VideoStream) -> Iterator[av.Packet]:
    """Matroska does not say when its first pictures are decoded; MP4 must know."""
    early: list[av.Packet] = []
    for packet in packets:
        if not packet.size or packet.pts is None:  # the end of a track, or nothing to show
            continue
        if packet.dts is None and packet.stream is picture and len(early) < FIRST_PACKETS:
            early.append(packet)
            continue
        if packet.dts is None:
            packet.dts = packet.pts
        if packet.stream is picture:
            yield from _backwards(early, packet.dts)
            early = []
        yield packet
    yield from _backwards(early, len(early))


def _backwards(early: list[av.Packet], known: int) -> Iterator[av.Packet]:
    """Each just before the next, so that the first one with a time follows the last of these."""
    for place, packet in enumerate(early):
        packet.dts = known - (len(early) - place) * max(1, packet.duration or 0)
        yield packet


def _written(target: Path) -> OutputContainer:
    """`faststart`: players begin before the end has arrived."""
    if target.suffix == ".mp4":
        return av.open(str(target), "w", format="mp4", options={"movflags": "faststart"})
    return av.open(str(target), "w", format="matroska")
