from django.urls import path

from .views import public

app_name = "public"

urlpatterns = [
    path("", public.home, name="home"),
    path("schemes/", public.scheme_list, name="scheme_list"),
    path("schemes/<slug:slug>/", public.scheme, name="scheme"),
    path("departments/", public.department_list, name="department_list"),
    path("departments/<slug:slug>/", public.department, name="department"),
    path("posts/<key:pk>/", public.post, name="post"),
]
