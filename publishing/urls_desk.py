"""The library's paths under /desk/."""

from django.urls import path

from . import library_views, upload_views

urlpatterns = [
    path("media/", library_views.media_list, name="media"),
    path("media/new/", library_views.media_add, name="media_add"),
    path("media/uploads/", upload_views.uploads, name="uploads"),
    path("media/uploads/<uuid:key>/", upload_views.upload, name="upload"),
    path("media/<key:pk>/", library_views.media_file, name="media_file"),
    path("media/<key:pk>/retire/", library_views.media_retire, name="media_retire"),
    path("media/<key:pk>/captions/", library_views.captions_add, name="captions_add"),
]
