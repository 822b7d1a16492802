"""How the rest of the portal gets at a platform: by its name in the CONNECTORS setting."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .base import Account, Connector
from .http import Http


def connector_class(platform: str) -> type[Connector]:
    """ImproperlyConfigured if CONNECTORS names nothing, or nothing usable, for the platform."""
    try:
        found = import_string(settings.CONNECTORS[platform])
    except (KeyError, ImportError) as error:
        raise ImproperlyConfigured(f"CONNECTORS has no working entry for {platform!r}.") from error
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise ImproperlyConfigured(f"CONNECTORS[{platform!r}] is not a connector class.")
    return found


def connect(
    platform: str, account: Account, *, kind: type[Connector] | None = None
) -> Connector:
    kind = kind or connector_class(platform)
    if not settings.PLATFORM_URLS.get(platform):
        raise ImproperlyConfigured(f"PLATFORM_URLS has no address for {platform!r}.")
    http = Http(settings.PLATFORM_URLS[platform], platform, upload_hosts=kind.upload_hosts)
    return kind(http, account)
