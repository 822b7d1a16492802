"""The same database and server, one view, and no middleware but the one allauth insists on."""

from benchmarks.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.bare"
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
