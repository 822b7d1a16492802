from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EngagementConfig(AppConfig):
    name = "engagement"
    verbose_name = _("What people say")

    def ready(self) -> None:
        from . import listeners  # noqa: F401
