from django.urls import path

from .views import problems

app_name = "problems"

urlpatterns = [
    path("problems/", problems.start, name="start"),
    path("problems/track/", problems.track, name="track"),
    path("problems/<str:number>/", problems.problem, name="problem"),
    path("problems/<str:number>/files/<key:pk>/", problems.evidence, name="evidence"),
    path("problems/<str:number>/<slug:what>/", problems.act, name="act"),
]
