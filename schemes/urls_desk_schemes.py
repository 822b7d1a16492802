"""Paths under /desk/ about schemes and their progress."""

from django.urls import path

from .views import progress, schemes, second_officer

urlpatterns = [
    path("schemes/", schemes.scheme_list, name="schemes"),
    path("schemes/new/", schemes.scheme_add, name="scheme_add"),
    path("schemes/<slug:slug>/edit/", schemes.scheme_edit, name="scheme_edit"),
    path("schemes/<slug:slug>/show/", schemes.scheme_show, name="scheme_show"),
    path("schemes/<slug:slug>/hide/", schemes.scheme_hide, name="scheme_hide"),
    path("schemes/<slug:slug>/confirm/", second_officer.change_confirm, name="change_confirm"),
    path("schemes/<slug:slug>/decline/", second_officer.change_decline, name="change_decline"),
    path("schemes/<slug:slug>/progress/", progress.progress, name="progress"),
    path("progress/<key:pk>/confirm/", second_officer.progress_confirm, name="progress_confirm"),
    path("progress/<key:pk>/remove/", second_officer.progress_remove, name="progress_remove"),
]
