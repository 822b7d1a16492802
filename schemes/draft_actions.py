"""What stands on a composer's page is kept while an officer writes, so that nothing is lost.

Not audited: it is nobody's word yet, only they see it, and it goes when the post is saved.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from departments.models import User
from portal.errors import ActionRefused

from .models import Draft, Post

LARGEST = 200_000  # characters of everything typed on a page
MOST = 20  # pages of one officer
KEPT_DAYS = 30


@transaction.atomic
def keep_draft(
    *, actor: User, form_key: uuid.UUID, post: Post | None, data: Mapping[str, list[str]]
) -> Draft | None:
    """Raises ActionRefused if it is too much. None: the page was saved as a post meanwhile."""
    if len(json.dumps(data, ensure_ascii=False)) > LARGEST:
        raise ActionRefused(_("This is more than can be kept. Shorten the texts."))
    if post is None and Post.objects.filter(author=actor, form_key=form_key).exists():
        return None
    now = {"post": post, "data": dict(data), "saved_at": timezone.now()}
    draft, _made = Draft.objects.update_or_create(officer=actor, form_key=form_key, defaults=now)
    older = Draft.objects.filter(officer=actor).order_by("-saved_at").values("pk")[MOST:]
    Draft.objects.filter(pk__in=list(older.values_list("pk", flat=True))).delete()
    return draft


def discard_draft(*, actor: User, form_key: uuid.UUID) -> None:
    Draft.objects.filter(officer=actor, form_key=form_key).delete()


def sweep_drafts(*, at: datetime | None = None) -> int:
    """Throw away what nobody came back to; how many."""
    before = (at or timezone.now()) - timedelta(days=KEPT_DAYS)
    return Draft.objects.filter(saved_at__lt=before).delete()[0]
