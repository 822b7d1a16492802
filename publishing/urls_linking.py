"""Paths under /desk/ on which a handle is linked to its account."""

from django.urls import path

from . import linking_views

urlpatterns = [
    path("handles/<key:pk>/connect/", linking_views.handle_connect, name="handle_connect"),
    path("handles/<key:pk>/account/", linking_views.handle_choose, name="handle_choose"),
    path("handles/<key:pk>/by-hand/", linking_views.handle_by_hand, name="handle_by_hand"),
    path("handles/<key:pk>/disconnect/", linking_views.handle_disconnect, name="handle_disconnect"),
    path("connect/<slug:platform>/return/", linking_views.connect_return, name="connect_return"),
]
