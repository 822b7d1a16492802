from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

urlpatterns = [
    path("", include("publishing.urls")),
    *i18n_patterns(
        path("accounts/", include("allauth.urls")),
        prefix_default_language=False,
    ),
]
