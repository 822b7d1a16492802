"""Paths under /desk/ of the library, those who agreed to be written to, stops and the operator."""

from django.urls import path

from . import audience_views, library_views, operations_views, stop_views, upload_views

urlpatterns = [
    path("media/", library_views.media_list, name="media"),
    path("media/new/", library_views.media_add, name="media_add"),
    path("media/uploads/", upload_views.uploads, name="uploads"),
    path("media/uploads/<uuid:key>/", upload_views.upload, name="upload"),
    path("media/<key:pk>/", library_views.media_file, name="media_file"),
    path("media/<key:pk>/retire/", library_views.media_retire, name="media_retire"),
    path("media/<key:pk>/captions/", library_views.captions_add, name="captions_add"),
    path("handles/<key:pk>/subscribers/", audience_views.subscribers, name="subscribers"),
    path("handles/<key:pk>/subscribers/new/", audience_views.subscriber_add, name="subscriber_add"),
    path(
        "handles/<key:pk>/subscribers/import/",
        audience_views.subscribers_import,
        name="subscribers_import",
    ),
    path("subscribers/<key:pk>/leave/", audience_views.subscriber_leave, name="subscriber_leave"),
    path("operations/", operations_views.operations_page, name="operations"),
    path("stops/", stop_views.stops, name="stops"),
    path("stops/freeze/", stop_views.freeze_add, name="freeze_add"),
    path("stops/<key:pk>/", stop_views.stop, name="stop"),
    path("stops/<key:pk>/release/", stop_views.stop_release, name="stop_release"),
    path("stops/<key:pk>/exemptions/", stop_views.exemption_ask, name="exemption_ask"),
    path("exemptions/<key:pk>/confirm/", stop_views.exemption_confirm, name="exemption_confirm"),
    path("handles/<key:pk>/templates/", audience_views.templates, name="templates"),
    path("handles/<key:pk>/templates/read/", audience_views.templates_read, name="templates_read"),
]
