"""As in production, but calls go to the stand-in of the benchmark and keys are fixed."""

from portal.settings.base import *  # noqa: F403
from portal.settings.base import CONNECTORS, LOGGING, STORAGES, env

SECRET_KEY = "only-for-benchmarks"  # noqa: S105
CREDENTIAL_KEYS = ["Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE="]
ALLOWED_HOSTS = ["127.0.0.1"]
MESSAGE_SOURCES = {"benchmark": "benchmarks.prepare.approved_seal"}
PLATFORM_URLS = dict.fromkeys(CONNECTORS, env("STAND_IN", default="http://127.0.0.1:9"))
LOGGING["root"] = {"handlers": ["stderr"], "level": "WARNING"}
# The pages measured here are rendered without collecting their files first.
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
