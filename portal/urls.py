"""Every address: machine pages without a language, all others in Hindi and under /en/."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from departments.urls_desk import urlpatterns as departments_desk
from engagement.urls_desk import urlpatterns as engagement_desk
from publishing.urls_desk import urlpatterns as media_desk
from publishing.urls_linking import urlpatterns as linking_desk
from schemes.urls_desk import urlpatterns as posts_desk
from schemes.urls_desk_schemes import urlpatterns as schemes_desk

desk = (
    [
        *posts_desk,
        *schemes_desk,
        *media_desk,
        *linking_desk,
        *departments_desk,
        *engagement_desk,
    ],
    "desk",
)

urlpatterns = [
    path("", include("portal.web.urls_root")),
    path("", include("publishing.urls")),
    *i18n_patterns(
        path("accounts/", include("allauth.urls")),
        path("desk/", include(desk)),
        path("", include("portal.web.urls")),
        path("", include("schemes.urls_public")),
        path("", include("engagement.urls_public")),
        prefix_default_language=False,
    ),
]

handler400 = "portal.web.errors.bad_request"
handler403 = "portal.web.errors.forbidden"
handler404 = "portal.web.errors.not_found"
handler429 = "portal.web.errors.too_many_requests"
handler500 = "portal.web.errors.server_error"
