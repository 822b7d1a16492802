"""As on one machine, but impatient, and with processes that die when they are told to."""

from portal.settings.local import *  # noqa: F403
from portal.settings.local import INSTALLED_APPS, env

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.apps.FaultsConfig"]
MESSAGE_SOURCES = {"faults": "tests.faults.posts.approved_seal"}
RETRY_AFTER_SECONDS = (1, 1, 2, 2, 4, 4)
CIRCUIT_OPENS_AFTER = 60  # most failures here are ours, not the platform's
DIES_AT = env("FAULTS_DIE_AT", default="")  # "armed:7": when this step is taken the seventh time
DEATHS = env("FAULTS_DEATHS", default="")  # the file in which every death is written down
