"""Paths under /desk/ about schemes, their progress, and photos and videos."""

from django.urls import path

from .views import desk_schemes as views

urlpatterns = [
    path("schemes/", views.scheme_list, name="schemes"),
    path("schemes/new/", views.scheme_add, name="scheme_add"),
    path("schemes/<slug:slug>/edit/", views.scheme_edit, name="scheme_edit"),
    path("schemes/<slug:slug>/show/", views.scheme_show, name="scheme_show"),
    path("schemes/<slug:slug>/hide/", views.scheme_hide, name="scheme_hide"),
    path("schemes/<slug:slug>/progress/", views.progress, name="progress"),
    path("media/", views.media, name="media"),
]
