"""Linking a handle to its account: the round trip by the consent page, and fresh secrets later.

Here alone a platform is called inside a request: X's codes live 30 seconds (X1.2).
"""

from __future__ import annotations

import json
import logging
import secrets as randomness
import time
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session as StoredSession
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_q.tasks import async_task
from oauthlib.oauth2 import WebApplicationClient

from departments.actions import connect_handle, disconnect_handle, mark_handle
from departments.credentials import (
    CredentialMissing,
    Secrets,
    give_lease_back,
    open_text,
    read_all_secrets,
    read_secrets,
    seal_text,
    store_renewed,
    take_lease,
)
from departments.models import Handle, User
from departments.states import HandleState
from portal.errors import MoveNotAllowed

from .connectors import connector_class, consent_for
from .connectors.consent import Candidate, Consent, ConsentPage
from .connectors.errors import ConnectionRefused, ConnectorError, NotSent, Unavailable, Unknown
from .links import is_on_platform
from .problems import label

log = logging.getLogger(__name__)

ATTEMPT_SECONDS = 600
ATTEMPTS_AT_ONCE = 5  # in one session: one for each window a person may have open
LEASE_SECONDS = 150  # outlasts two renewals of three calls that all time out
WAIT_SECONDS = 20
LOOK_SECONDS = 0.2
ATTEMPTS, CHOICE = "linking_attempts", "linking_choice"  # keys of the session

Session = MutableMapping[str, Any]


# --- to the consent page, and back ----------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    """An officer on the way to a platform's consent page. The verifier is sealed."""

    state: str
    handle: int
    user: int
    platform: str
    language: str
    return_to: str
    address: str
    verifier: str
    until: float  # Unix seconds

    @property
    def is_over(self) -> bool:
        return self.until <= time.time()


def begin(
    session: Session, handle: Handle, *, actor: User, return_to: str, language: str
) -> Attempt:
    """Remember in the session that the officer is about to be sent to the consent page."""
    consent = consent_for(handle.platform)
    assert isinstance(consent, ConsentPage)
    client = WebApplicationClient(consent.app.id)
    verifier = client.create_code_verifier(64) if consent.uses_pkce else ""
    challenge = client.create_code_challenge(verifier, "S256") if verifier else ""
    state = randomness.token_urlsafe(32)
    attempt = Attempt(
        state,
        handle.pk,
        actor.pk,
        handle.platform,
        language,
        return_to,
        consent.address(state=state, return_to=return_to, challenge=challenge),
        seal_text(verifier).decode(),
        time.time() + ATTEMPT_SECONDS,
    )
    session[ATTEMPTS] = [*session.get(ATTEMPTS, []), asdict(attempt)][-ATTEMPTS_AT_ONCE:]
    return attempt


def latest_attempt(session: Session, handle: Handle, actor: User) -> Attempt | None:
    for kept in reversed(session.get(ATTEMPTS, [])):
        attempt = Attempt(**kept)
        if (attempt.handle, attempt.user) == (handle.pk, actor.pk) and not attempt.is_over:
            return attempt
    return None


@transaction.atomic
def take_attempt(session: SessionBase, *, platform: str, state: str, actor: User) -> Attempt | None:
    """The attempt with this state, which is used up now; None if this session began none.

    Of several returns at once the first has it: one after the other they read what is stored.
    """
    row = StoredSession.objects.select_for_update().filter(pk=session.session_key).first()
    kept = row.get_decoded().get(ATTEMPTS, []) if row else []
    attempts = [Attempt(**one) for one in kept]
    found = None
    for attempt in attempts:
        if randomness.compare_digest(attempt.state.encode(), state.encode()):
            found = attempt
    if found is None:
        return None
    session[ATTEMPTS] = [asdict(attempt) for attempt in attempts if attempt != found]
    session.save()
    if found.is_over or (found.user, found.platform) != (actor.pk, platform):
        return None
    return found


def candidates_of(attempt: Attempt, code: str) -> list[Candidate]:
    """What the consent opens. Raises ConnectorError."""
    consent = consent_for(attempt.platform)
    assert isinstance(consent, ConsentPage)
    verifier = open_text(attempt.verifier.encode())
    try:
        return consent.candidates(code=code, return_to=attempt.return_to, verifier=verifier)
    except ConnectionRefused as refusal:
        if refusal.code != "reconnect":
            raise
        raise ConnectionRefused("consent_not_taken", detail=refusal.detail) from None


# --- the choice among several ---------------------------------------------------------------------


def keep_choice(
    session: Session, handle: Handle, candidates: list[Candidate], *, actor: User
) -> None:
    """Until the officer has chosen: in the session, sealed."""
    session[CHOICE] = {
        "handle": handle.pk,
        "user": actor.pk,
        "until": time.time() + ATTEMPT_SECONDS,
        "sealed": seal_text(json.dumps([_plain(one) for one in candidates])).decode(),
    }


def kept_choice(session: Session, handle: Handle, *, actor: User) -> list[Candidate]:
    """Empty if nothing waits for this officer's choice for this handle, or not any longer."""
    kept = session.get(CHOICE, {})
    if (kept.get("handle"), kept.get("user")) != (handle.pk, actor.pk):
        return []
    if kept["until"] <= time.time():
        forget_choice(session)
        return []
    try:
        return [_candidate(plain) for plain in json.loads(open_text(kept["sealed"].encode()))]
    except CredentialMissing:
        return []


def forget_choice(session: Session) -> None:
    session.pop(CHOICE, None)


def _plain(candidate: Candidate) -> dict[str, Any]:
    plain = asdict(candidate)
    until = candidate.secrets.token_until
    plain["secrets"]["token_until"] = until.isoformat() if until else ""
    return plain


def _candidate(plain: Mapping[str, Any]) -> Candidate:
    until = plain["secrets"]["token_until"]
    kept = {**plain["secrets"], "token_until": datetime.fromisoformat(until) if until else None}
    return Candidate(**{**plain, "secrets": Secrets(**kept), "lacking": tuple(plain["lacking"])})


# --- connecting and disconnecting -----------------------------------------------------------------


def hindrance(handle: Handle, candidate: Candidate) -> str:
    """The code of what keeps this account from being linked to this handle, or ""."""
    if candidate.lacking:
        return candidate.lacking[0]
    taken = Handle.objects.filter(platform=handle.platform, external_id=candidate.external_id)
    return "account_taken" if taken.exclude(pk=handle.pk).exists() else ""


def is_another(handle: Handle, candidate: Candidate) -> bool:
    """Another account than before: what waits for this handle would appear elsewhere."""
    return handle.external_id not in ("", candidate.external_id)


def is_named_otherwise(handle: Handle, candidate: Candidate) -> bool:
    names = (name.removeprefix("@").strip().casefold() for name in (handle.name, candidate.name))
    return len(set(names)) == 2


def is_to_be_looked_at(handle: Handle, candidate: Candidate) -> bool:
    """An officer who was signed in as somebody else would link it without noticing."""
    is_new = handle.external_id != candidate.external_id
    return is_another(handle, candidate) or (is_new and is_named_otherwise(handle, candidate))


def connect(handle: Handle, candidate: Candidate, *, actor: User, is_confirmed: bool) -> Handle:
    """What opened the handle before stays until this has succeeded."""
    if code := hindrance(handle, candidate):
        raise MoveNotAllowed(label(code))
    if is_another(handle, candidate) and not is_confirmed:
        raise MoveNotAllowed(_("Confirm that the handle is to be linked to another account."))
    handle = connect_handle(
        handle,
        external_id=candidate.external_id,
        secrets=candidate.secrets,
        url=candidate.url if is_on_platform(handle.platform, candidate.url) else "",
        facts={**candidate.facts, "name": candidate.name},
        actor=actor,
    )
    consent = consent_for(handle.platform)
    assert consent is not None
    listen(handle, consent, candidate.secrets)
    if connector_class(handle.platform).has_recipients:
        async_task("publishing.tasks.read_templates", handle.pk)
    return handle


def listen(handle: Handle, consent: Consent, secrets: Secrets) -> bool:
    """False if the platform did not take it: publishing works without, and it is tried daily."""
    try:
        consent.listen(handle.external_id, secrets)
    except ConnectorError as error:
        log.warning("handle %s is linked but not listened to: %s", handle.pk, error.code)
        return False
    return True


def disconnect(handle: Handle, *, actor: User) -> bool:
    """Erase what opens the handle, and take the permission back; False if that failed there."""
    consent = consent_for(handle.platform)
    try:
        secrets = read_secrets(handle)
    except CredentialMissing:
        secrets = None
    disconnect_handle(handle, actor=actor)
    if consent is None or secrets is None:
        return True
    try:
        consent.revoke(handle.external_id, secrets, entirely=not _shares_consent(handle))
    except ConnectorError as error:
        log.warning("handle %s: the permission was not taken back: %s", handle.pk, error.code)
        return False
    return True


def _shares_consent(handle: Handle) -> bool:
    """One person's consent at Meta opens all their Pages: to take it back would close them all."""
    consent = handle.facts.get("consent", "")
    others = Handle.objects.filter(state=HandleState.CONNECTED).exclude(pk=handle.pk)
    return bool(consent) and others.filter(facts__consent=consent).exists()


# --- fresh secrets --------------------------------------------------------------------------------


def fresh_secrets(handle: Handle) -> Secrets:
    """What opens the handle, renewed if it ends soon. Never inside a transaction.

    CredentialMissing: nothing is stored. ConnectionRefused: a person has to link the handle again,
    and the handle says so already. NotSent: not now.
    """
    secrets = read_secrets(handle)
    consent = consent_for(handle.platform)
    if consent is None or not _ends_soon(secrets, consent):
        return secrets
    deadline = time.monotonic() + WAIT_SECONDS
    while (lease := take_lease(handle, LEASE_SECONDS)) is None:
        if _is_alive(secrets):
            return secrets
        if time.monotonic() > deadline:
            raise Unavailable("renewing")
        time.sleep(LOOK_SECONDS)
        secrets = read_secrets(handle)
        if not _ends_soon(secrets, consent):
            return secrets
    return _renewed(handle, consent, lease)


def secrets_in_bulk(handles: Iterable[Handle]) -> dict[int, Secrets]:
    """By the handles' keys, for those whose secrets are there and need no renewal now."""
    by_key = {handle.pk: handle for handle in handles}
    found = read_all_secrets(by_key.values())
    ready = {}
    for key, secrets in found.items():
        consent = consent_for(by_key[key].platform)
        if consent is None or not _ends_soon(secrets, consent):
            ready[key] = secrets
    return ready


def _renewed(handle: Handle, consent: Consent, lease: datetime) -> Secrets:
    try:
        secrets = read_secrets(handle)  # again: somebody may have been faster
        if not _ends_soon(secrets, consent):
            return secrets
        renewed = _renew_twice(consent, secrets)
        if store_renewed(handle, renewed, lease):
            return renewed
        return read_secrets(handle)  # linked anew meanwhile
    except ConnectionRefused as refusal:
        return _refused(handle, secrets, refusal)
    except (NotSent, Unknown):
        if _is_alive(secrets):
            return secrets
        raise
    finally:
        give_lease_back(handle, lease)


def _renew_twice(consent: Consent, secrets: Secrets) -> Secrets:
    """Once more after silence: had the first call come through, the second is refused (X1.4)."""
    try:
        return consent.renew(secrets)
    except (Unavailable, Unknown):
        return consent.renew(secrets)


def _refused(handle: Handle, used: Secrets, refusal: ConnectionRefused) -> Secrets:
    """Only what is stored now counts: it may be newer than what was refused."""
    stored = read_secrets(handle)
    if stored != used:
        return stored
    mark_handle(handle, refusal.code)
    raise refusal


def _ends_soon(secrets: Secrets, consent: Consent) -> bool:
    until = secrets.token_until
    return until is not None and until - consent.renew_before <= timezone.now()


def _is_alive(secrets: Secrets) -> bool:
    until = secrets.token_until
    return until is None or until > timezone.now() + timedelta(seconds=60)
