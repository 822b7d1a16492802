"""How the rest of the portal gets at a platform: by its name in the CONNECTORS setting."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .base import Account, Connector
from .consent import App, Consent, ConsentPage
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


def connect(platform: str, account: Account, *, kind: type[Connector] | None = None) -> Connector:
    kind = kind or connector_class(platform)
    return kind(http_of(platform), account)


def http_of(platform: str) -> Http:
    """Calls to the platform itself or, where its setting says so, to its stand-in."""
    kind = connector_class(platform)
    return Http(base_url(platform), platform, upload_hosts=kind.upload_hosts)


def consent_for(platform: str) -> Consent | None:
    """How an account there is linked, ready to be used; None where there is no way but by hand."""
    kind = connector_class(platform).consent
    if kind is None:
        return None
    http = Http(base_url(platform), platform, upload_hosts=kind.hosts)
    app = App(**settings.PLATFORM_APPS.get(platform, {"id": "", "secret": ""}))
    if issubclass(kind, ConsentPage):
        return kind(http, app, settings.CONSENT_URLS.get(platform) or kind.page_url)
    return kind(http, app)


def base_url(platform: str) -> str:
    return settings.PLATFORM_URLS.get(platform) or connector_class(platform).api_url
