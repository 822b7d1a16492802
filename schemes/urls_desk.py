"""The officers' pages about posts, under /desk/."""

from django.urls import path

from .views import compose, posts

urlpatterns = [
    path("", posts.home, name="home"),
    path("posts/", posts.post_list, name="posts"),
    path("queue/", posts.queue, name="queue"),
    path("posts/new/", compose.post_add, name="post_add"),
    path("posts/preview/", compose.post_preview, name="post_preview"),
    path("posts/<key:pk>/", posts.post_detail, name="post"),
    path("posts/<key:pk>/edit/", compose.post_edit, name="post_edit"),
    path("posts/<key:pk>/<slug:move>/", posts.post_move, name="post_move"),
    path("deliveries/<key:pk>/decide/", posts.delivery_decide, name="delivery_decide"),
    path("deliveries/<key:pk>/requeue/", posts.delivery_requeue, name="delivery_requeue"),
]
