"""The officers' pages about posts, under /desk/."""

from django.urls import path, re_path

from .views import posts

urlpatterns = [
    path("", posts.home, name="home"),
    path("posts/", posts.post_list, name="posts"),
    path("queue/", posts.queue, name="queue"),
    path("posts/new/", posts.post_add, name="post_add"),
    path("posts/preview/", posts.post_preview, name="post_preview"),
    re_path(r"^posts/(?P<pk>\d{1,18})/$", posts.post_detail, name="post"),
    re_path(r"^posts/(?P<pk>\d{1,18})/edit/$", posts.post_edit, name="post_edit"),
    re_path(
        r"^posts/(?P<pk>\d{1,18})/(?P<move>submit|approve|return|reopen|withdraw)/$",
        posts.post_move,
        name="post_move",
    ),
    re_path(
        r"^deliveries/(?P<pk>\d{1,18})/decide/$", posts.delivery_decide, name="delivery_decide"
    ),
    re_path(
        r"^deliveries/(?P<pk>\d{1,18})/requeue/$", posts.delivery_requeue, name="delivery_requeue"
    ),
]
