from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from departments.models import Department, Handle, User, in_language
from departments.platforms import Platform
from publishing.models import Delivery, Media, Message, Operation
from publishing.states import DeliveryState
from schemes.workflow import DONE, ROUTES, STEPS, Move, PostKind, PostState, Route, Step, due

from .scheme import Scheme


class PostQuerySet(models.QuerySet["Post"]):
    def waiting_for(self, step: str) -> PostQuerySet:
        """Posts at this step, the longest waiting first."""
        return self.filter(state=step).order_by("state_since", "pk")

    def of_department(self, department: Department) -> PostQuerySet:
        return self.filter(department=department)

    def published(self) -> PostQuerySet:
        """Posts that are out: at least one platform has said so."""
        sent = Delivery.objects.sent().filter(
            message__source="post", message__source_id=OuterRef("pk")
        )
        return self.filter(Exists(sent), state__in=(PostState.APPROVED, PostState.RELEASED))

    def with_outcome(self) -> PostQuerySet:
        """Each with `delivery_count`, `out_count`, `removed_count` and `trouble_count` of its live
        message.
        """
        return self.annotate(
            delivery_count=_deliveries(),
            out_count=_deliveries(state=DeliveryState.SENT),
            removed_count=_deliveries(state=DeliveryState.REMOVED),
            trouble_count=_deliveries(
                state__in=(DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.UNKNOWN)
            ),
        )


def _deliveries(**which: Any) -> Coalesce:
    """How many deliveries of the outer post's live message are so."""
    of_post = Delivery.objects.exclude(operation=Operation.REMOVE).filter(
        message__source="post",
        message__source_id=OuterRef("pk"),
        message__cancelled_at__isnull=True,
        **which,
    )
    counts = of_post.order_by().values("message__source_id").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counts, output_field=models.IntegerField()), 0)


class Post(models.Model):
    """What a department wants to say, on its way to the people."""

    department = models.ForeignKey(
        Department, models.PROTECT, related_name="posts", verbose_name=_("department")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=PostKind)
    scheme = models.ForeignKey(
        Scheme,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="posts",
        verbose_name=pgettext_lazy("of a post", "scheme"),
    )
    title_hi = models.CharField(_("title in Hindi"), max_length=100)
    title_en = models.CharField(_("title in English"), max_length=100, blank=True)
    text_hi = models.TextField(_("text in Hindi"))
    text_en = models.TextField(_("text in English"), blank=True)
    text_ur = models.TextField(_("text in Urdu"), blank=True)
    photos = models.ManyToManyField(
        Media, through="PostPhoto", related_name="+", blank=True, verbose_name=_("photos")
    )
    video = models.ForeignKey(
        Media, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("video")
    )
    handles = models.ManyToManyField(
        Handle, related_name="posts", blank=True, verbose_name=_("handles")
    )
    publish_at = models.DateTimeField(_("publish at"), null=True, blank=True)  # none: at once
    last_useful_at = models.DateTimeField(_("not later than"), null=True, blank=True)
    route = models.CharField(_("route"), max_length=10, choices=Route, default=Route.ROUTINE)
    state = models.CharField(
        max_length=25, choices=PostState, default=PostState.DRAFT, editable=False
    )
    state_since = models.DateTimeField(default=timezone.now)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="posts")
    # Everyone who wrote or edited it: none of them may decide on it.
    writers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    seal = models.CharField(max_length=64, blank=True)
    # Of the composer's page it was written on: a page that is sent twice makes one post.
    form_key = models.UUIDField(default=uuid.uuid4, editable=False)
    # The post that this one corrects where it is out; its handles are those of the other.
    corrects = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="corrections"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1)  # grows with every change and every move

    objects = PostQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=PostState.values), name="post_state_known"
            ),
            models.CheckConstraint(condition=Q(kind__in=PostKind.values), name="post_kind_known"),
            models.CheckConstraint(condition=Q(route__in=Route.values), name="post_route_known"),
            models.CheckConstraint(condition=~Q(text_hi=""), name="post_has_hindi_text"),
            models.UniqueConstraint(fields=["author", "form_key"], name="post_one_per_page"),
            models.UniqueConstraint(
                fields=["corrects"],
                condition=~Q(state=PostState.WITHDRAWN),
                name="post_corrected_once",
            ),
            models.CheckConstraint(
                condition=Q(last_useful_at__isnull=True)
                | Q(publish_at__isnull=True)
                | Q(last_useful_at__gt=F("publish_at")),
                name="post_window_is_open",
            ),
            models.CheckConstraint(  # approved means sealed, and nothing else does
                condition=Q(state__in=("approved", "released"), seal__regex=r"^[0-9a-f]{64}$")
                | (~Q(state__in=("approved", "released")) & Q(seal="")),
                name="post_sealed_when_approved",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "state_since"], name="post_queue"),
            models.Index(fields=["department", "state", "-id"], name="post_of_department"),
        ]

    def __str__(self) -> str:
        return self.title_hi

    @property
    def title(self) -> str:
        return in_language(self.title_hi, self.title_en)

    @property
    def text(self) -> str:
        return in_language(self.text_hi, self.text_en)

    @property
    def ordered_photos(self) -> list[Media]:
        """As the officer put them; lists prefetch `placed_photos`."""
        return [placed.media for placed in self.placed_photos.all()]

    @property
    def photo(self) -> Media | None:
        """The first one: what stands for the post in a list."""
        return next(iter(self.ordered_photos), None)

    @property
    def steps(self) -> list[str]:
        return [*ROUTES[self.route]]

    @property
    def step(self) -> Step | None:
        """The step it waits at, or None."""
        return STEPS.get(self.state)

    @property
    def due(self) -> datetime | None:
        """Until when its step should decide."""
        return due(self.state_since, self.step) if self.step else None

    @property
    def is_late(self) -> bool:
        return self.due is not None and self.due < timezone.now()

    @property
    def message(self) -> Message | None:
        """The live message made of it, if it was approved."""
        live = Message.objects.from_source("post", self.pk)
        return live.filter(cancelled_at__isnull=True).first()


class PostPhotoManager(models.Manager["PostPhoto"]):
    def get_queryset(self) -> models.QuerySet[PostPhoto]:
        return super().get_queryset().select_related("media")

    def replace(self, post: Post, photos: Iterable[Media]) -> None:
        """These photos in this order, and no others."""
        self.filter(post=post).delete()
        self.bulk_create(
            PostPhoto(post=post, media=media, position=position)
            for position, media in enumerate(dict.fromkeys(photos))
        )


class PostPhoto(models.Model):
    """One photo of a post, in its place."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="placed_photos")
    media = models.ForeignKey(Media, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()

    objects = PostPhotoManager()

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "position"], name="post_photos_in_order"),
            models.UniqueConstraint(fields=["post", "media"], name="post_photo_once"),
        ]

    def __str__(self) -> str:
        return f"{self.post} · {self.position + 1}"


class Variant(models.Model):
    """What one platform gets of the post. Derived from it until an officer edits it."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="variants")
    platform = models.CharField(max_length=20, choices=Platform)
    text = models.TextField(_("text"))
    title = models.CharField(_("title"), max_length=250, blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    # What the officer chose for this platform alone: keys of Connector.options.
    options = models.JSONField(_("choices"), default=dict, blank=True)
    is_edited = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["platform"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "platform"], name="variant_one_per_platform"),
            models.CheckConstraint(
                condition=Q(platform__in=Platform.values), name="variant_platform_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.post} · {self.get_platform_display()}"


class DraftQuerySet(models.QuerySet["Draft"]):
    def left_by(self, officer: User, post: Post | None) -> DraftQuerySet:
        """What this officer left unsaved: on this post's page, or on pages for new posts."""
        return self.filter(officer=officer, post=post).order_by("-saved_at")


class Draft(models.Model):
    """What stood on one page of the composer when it was last kept, saved as a post or not."""

    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    form_key = models.UUIDField()  # of the page: two tabs never overwrite each other
    post = models.ForeignKey(Post, models.CASCADE, null=True, blank=True, related_name="+")
    data = models.JSONField()  # {name of the field: [value, ...]}
    saved_at = models.DateTimeField(default=timezone.now)

    objects = DraftQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["officer", "form_key"], name="draft_one_per_page"),
        ]
        indexes: ClassVar = [models.Index(fields=["saved_at"], name="draft_age")]

    def __str__(self) -> str:
        return f"{self.officer} · {self.saved_at}"

    @property
    def title(self) -> str:
        return next(iter(self.data.get("title_hi", [])), "")

    def typed(self) -> QueryDict:
        """As the page would send it."""
        data = QueryDict(mutable=True)
        for name, values in self.data.items():
            data.setlist(name, values)
        return data


class Review(models.Model):
    """One person's decision at one step. `version` is the content that was on their screen."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="reviews")
    step = models.CharField(max_length=25, choices=PostState)
    move = models.CharField(max_length=10, choices=Move)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="reviews")
    comment = models.TextField(blank=True)
    version = models.PositiveIntegerField()
    content = models.CharField(max_length=64)  # the seal this content would get
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["post", "version"], name="review_one_per_version"),
            models.CheckConstraint(
                condition=~Q(move=Move.RETURN) | ~Q(comment=""), name="review_return_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.post} · {self.get_step_display()} · {self.get_move_display()}"

    @property
    def at_step(self) -> str:
        """The step at which this was decided; empty for what the department itself did."""
        return str(STEPS[self.step].title) if self.step in STEPS else ""

    @property
    def done(self) -> str:
        """The move as history tells it."""
        return str(DONE[Move(self.move)])
