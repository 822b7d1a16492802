from django.urls import path

from . import views
from .prometheus import metrics

app_name = "publishing"

urlpatterns = [
    path("metrics", metrics, name="metrics"),
    path("media/for-platforms/<str:token>/", views.media_for_platform, name="media_for_platform"),
    path("media/<key:pk>/<slug:size>/", views.media, name="media"),
    path("media/copies/<key:pk>/", views.media_copy, name="media_copy"),
    path("media/captions/<key:pk>/", views.captions, name="captions"),
    path("callbacks/<slug:platform>/", views.callback, name="callback"),
]
