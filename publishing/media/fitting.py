"""Which copy of a photo or video a platform needs, if any, and where that copy is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django_q.tasks import async_task

from publishing.connectors import connector_class
from publishing.connectors.base import Fit, Problem
from publishing.models import Derivative, Media, MediaKind, Work

KINDS = {"image/jpeg": "jpeg", "image/png": "png", "image/gif": "gif", "video/mp4": "mp4"}
EVERYWHERE = frozenset({"yuv420p", "yuvj420p", ""})  # how a picture is kept, for every player
PREPARE_SECONDS = 2 * 60 * 60  # a worker gets this long for one file
SLACK = 0.01  # of a ratio: what rounding to whole pixels may cost


@dataclass(frozen=True)
class Recipe:
    """What a copy has to be. Its name is stable: the same name, the same copy."""

    kind: str  # jpeg, png, gif, mp4
    bytes: int
    side: int = 0  # pixels at most; 0: any
    narrowest: float = 0  # width divided by height; 0: any
    widest: float = 0
    fps: int = 0

    @property
    def name(self) -> str:
        """For instance jpeg-8388608-1080-0.8-1.91-0."""
        shapes = f"{self.narrowest:.4g}-{self.widest:.4g}"
        return f"{self.kind}-{self.bytes}-{self.side}-{shapes}-{self.fps}"

    @classmethod
    def named(cls, name: str) -> Recipe:
        kind, size, side, narrowest, widest, fps = name.split("-")
        return cls(kind, int(size), int(side), float(narrowest), float(widest), int(fps))


def recipe_for(media: Media, fit: Fit | None) -> Recipe | None:
    """None: it goes as it is, or no copy could help, which the connector's check says in words."""
    if fit is None or _is_as_asked(media, fit):
        return None
    kind = _kind(media, fit)
    if not kind or (kind == "mp4" and 0 < fit.seconds < (media.duration or 0)):
        return None
    fps = fit.fps if kind == "mp4" else 0
    return Recipe(kind, fit.bytes, fit.longest_side, fit.narrowest, fit.widest, fps)


def _kind(media: Media, fit: Fit) -> str:
    """The type of the copy: its own if the platform takes that, else the first one we can make."""
    takes = [mime for mime in fit.mimes if mime in KINDS]
    if media.kind == MediaKind.VIDEO:
        takes = [mime for mime in takes if mime == "video/mp4"]
    if media.kind == MediaKind.PHOTO:
        takes = [mime for mime in takes if mime.startswith("image/") and mime != "image/gif"]
    if media.mime in takes:
        return KINDS[media.mime]
    return KINDS[takes[0]] if takes else ""


def _is_as_asked(media: Media, fit: Fit) -> bool:
    if media.mime not in fit.mimes or media.size > fit.bytes:
        return False
    if fit.longest_side and max(media.width, media.height) > fit.longest_side:
        return False
    if not has_shape(media.width / media.height, fit.narrowest, fit.widest):
        return False
    return media.kind != MediaKind.VIDEO or _plays_everywhere(media, fit)


def has_shape(shape: float, narrowest: float, widest: float) -> bool:
    return shape >= narrowest * (1 - SLACK) and (not widest or shape <= widest * (1 + SLACK))


def _plays_everywhere(media: Media, fit: Fit) -> bool:
    facts = media.facts
    return (
        facts.get("video_codec", "h264") == "h264"
        and facts.get("audio_codec", "") in {"", "aac"}
        and facts.get("pix_fmt", "") in EVERYWHERE
        and (not fit.fps or facts.get("fps", 0) <= fit.fps)
    )


def needed(media: Media, platform: str) -> Recipe | None:
    return recipe_for(media, fit_for(media, platform))


def fit_for(media: Media, platform: str) -> Fit | None:
    """What the platform takes of this kind of file, in whatever type it is kept here."""
    fit = connector_class(platform).fit
    return fit(media.mime) or fit("video/mp4" if media.kind == MediaKind.VIDEO else "image/jpeg")


def copy_of(media: Media, recipe: Recipe) -> Derivative | None:
    """Of those that were fetched beforehand, where a page shows many files."""
    return next((copy for copy in media.derivatives.all() if copy.recipe == recipe.name), None)


def fitted(media: Media, platform: str) -> Derivative | None:
    """The copy that goes to the platform once it is ready; None: the original goes."""
    recipe = needed(media, platform)
    if recipe is None:
        return None
    copy = _copy(media, recipe)
    return copy if copy and copy.state == Work.READY else None


def _copy(media: Media, recipe: Recipe) -> Derivative | None:
    """From what is prefetched, where a page asks for many."""
    return next((one for one in media.derivatives.all() if one.recipe == recipe.name), None)


def fitting_state(media: Media, platform: str) -> str:
    """A value of Work. READY also where the original goes as it is."""
    recipe = needed(media, platform)
    if recipe is None:
        return Work.READY
    copy = _copy(media, recipe)
    return copy.state if copy else Work.WAITING


def fitting_problems(media: Media, platform: str) -> list[Problem]:
    """Why it cannot be approved yet for this platform, or ever."""
    found = []
    if media.is_retired:
        found.append(Problem("media_retired"))
    if media.kind == MediaKind.VIDEO and not media.captions.all():
        found.append(Problem("captions_missing"))  # M13
    return [*found, *_copy_problems(media, platform)]


def _copy_problems(media: Media, platform: str) -> list[Problem]:
    recipe = needed(media, platform)
    if recipe is None:
        return []
    copy = copy_of(media, recipe)
    if copy is None:
        return [Problem("media_being_prepared", values={"progress": 0})]
    if copy.state == Work.REFUSED:
        return [Problem(copy.problem)]
    if copy.state == Work.READY:
        return []
    return [Problem("media_being_prepared", values={"progress": copy.progress})]


def want_fitting(media: Iterable[Media], platforms: Iterable[str]) -> None:
    """See that every copy these platforms need exists or is being made; safe to repeat."""
    names = list(platforms)
    asked = [
        Derivative(media=one, recipe=recipe.name)
        for one in media
        for recipe in {needed(one, platform) for platform in names} - {None}
        if recipe
    ]
    if asked:
        Derivative.objects.bulk_create(asked, ignore_conflicts=True)
        transaction.on_commit(wake)


def wake() -> None:
    """Ask a worker to prepare what waits. Losing the request loses nothing: a sweep asks again."""
    async_task("publishing.tasks.prepare_media", task_name="prepare-media", timeout=PREPARE_SECONDS)
