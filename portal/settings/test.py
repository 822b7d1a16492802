"""The suite: SQLite, or what DATABASE_URL and REDIS_URL name. Never a real platform."""

import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from .base import *  # noqa: F403
from .base import CACHES, CONNECTORS, DATABASES, Q_CLUSTER

SECRET_KEY = "only-for-tests"
CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MEDIA_ROOT = Path(tempfile.mkdtemp(prefix="samvad-test-media-"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
Q_CLUSTER = {**Q_CLUSTER, "sync": True}
# Tests that run side by side share one Redis.
_prefix = f"test-{os.environ.get('PYTEST_XDIST_WORKER', '')}"
CACHES = {name: {**cache, "KEY_PREFIX": _prefix} for name, cache in CACHES.items()}

# A port where nothing answers: a test that forgets its own stand-in fails at once.
PLATFORM_URLS = {platform: f"http://127.0.0.1:9/{platform}" for platform in CONNECTORS}
CONSENT_URLS = dict(PLATFORM_URLS)
PLATFORM_APPS = {
    platform: {"id": "test-app", "secret": "0123456789abcdef0123456789abcdef"}
    for platform in PLATFORM_URLS
}
CALLBACK_SECRETS = {
    **dict.fromkeys(PLATFORM_URLS, "0123456789abcdef0123456789abcdef"),
    "x": "consumer-secret-of-x-for-tests",
    "youtube": "hub-secret-for-tests",
}
CALLBACK_VERIFY_TOKEN = "test-verify-token"
X_WEBHOOK_ID = "1"  # the stand-in has it from the beginning
X_BEARER_TOKEN = "app-token-of-x-for-tests"
WHITENOISE_AUTOREFRESH = True  # nothing is collected for tests

# SQLite in a file, as in production: in memory its connections lock each other out at once.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": MEDIA_ROOT / "test.sqlite3"}
