"""One machine, loopback only: what `make run` uses. Platforms are the rehearsal."""

import secrets

from cryptography.fernet import Fernet

from .base import *  # noqa: F403
from .base import PLATFORM_URLS, VAR_DIR, env


def _kept(name: str, make) -> str:
    """A secret made once for this machine and kept in var/."""
    file = VAR_DIR / name
    if not file.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(make())
    return file.read_text().strip()


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="") or _kept("secret-key", secrets.token_urlsafe)
CREDENTIAL_KEYS = env.list("CREDENTIAL_KEYS", default=[]) or [
    _kept("credential-key", lambda: Fernet.generate_key().decode())
]
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

PORT = env.int("PORT", default=8000)
REHEARSAL_PORT = env.int("REHEARSAL_PORT", default=8100)
MEDIA_URL_BASE = env("MEDIA_URL_BASE", default=f"http://127.0.0.1:{PORT}")

_rehearsal = f"http://127.0.0.1:{REHEARSAL_PORT}"
PLATFORM_URLS = {
    platform: address or f"{_rehearsal}/{platform}" for platform, address in PLATFORM_URLS.items()
}
REHEARSAL_STORE = VAR_DIR / "rehearsal.sqlite3"
CONSENT_URLS = {platform: f"{_rehearsal}/{platform}" for platform in PLATFORM_URLS}
PLATFORM_APPS = {
    platform: {"id": "rehearsal-app", "secret": "rehearsal-app-secret"}
    for platform in PLATFORM_URLS
}
CALLBACK_SECRETS = {
    **dict.fromkeys(PLATFORM_URLS, "rehearsal-app-secret"),
    "x": "rehearsal-consumer-secret",
    "youtube": "rehearsal-hub-secret",
}
CALLBACK_VERIFY_TOKEN = "rehearsal-verify-token"
X_WEBHOOK_ID = "1"  # the rehearsal has it from the beginning
X_BEARER_TOKEN = "rehearsal-app-token"

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
DEMO = True
DEMO_PASSWORD = "samvad-setu-demo"  # of the demo officers, on loopback only
