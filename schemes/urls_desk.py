"""The officers' pages about posts, under /desk/."""

from django.urls import path

from .views import campaign, compose, deliveries, limits, posts

urlpatterns = [
    path("", posts.home, name="home"),
    path("posts/", posts.post_list, name="posts"),
    path("queue/", posts.queue, name="queue"),
    path("posts/new/", compose.post_add, name="post_add"),
    path("posts/preview/", compose.post_preview, name="post_preview"),
    path("posts/handles/", compose.post_handles_pick, name="post_handles_pick"),
    path("posts/autosave/", compose.post_autosave, name="post_autosave"),
    path("posts/library/", compose.post_library, name="post_library"),
    path("posts/drafts/<uuid:form_key>/discard/", compose.draft_discard, name="draft_discard"),
    path("posts/<key:pk>/", posts.post_detail, name="post"),
    path("posts/<key:pk>/edit/", compose.post_edit, name="post_edit"),
    path("posts/<key:pk>/correct/", deliveries.post_correct, name="post_correct"),
    path("posts/<key:pk>/handles/", campaign.post_handles, name="post_handles"),
    path("posts/<key:pk>/progress/", campaign.post_progress, name="post_progress"),
    path("posts/<key:pk>/pause/", campaign.post_pause, name="post_pause"),
    path("posts/<key:pk>/requeue/", campaign.post_requeue, name="post_requeue"),
    path("posts/<key:pk>/take-down/", deliveries.post_take_down, name="post_take_down"),
    path("posts/<key:pk>/<slug:move>/", posts.post_move, name="post_move"),
    path("deliveries/<key:pk>/decide/", deliveries.delivery_decide, name="delivery_decide"),
    path("deliveries/<key:pk>/confirm/", deliveries.delivery_confirm, name="delivery_confirm"),
    path("deliveries/<key:pk>/<slug:change>/", deliveries.delivery_change, name="delivery_change"),
    path("limits/", limits.limits, name="limits"),
]
