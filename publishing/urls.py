from django.urls import path, re_path

from . import views

app_name = "publishing"

urlpatterns = [
    path("media/for-platforms/<str:token>/", views.media_for_platform, name="media_for_platform"),
    re_path(r"^media/(?P<pk>\d{1,18})/(?P<size>full|small)/$", views.media, name="media"),
    path("callbacks/<slug:platform>/", views.callback, name="callback"),
]
