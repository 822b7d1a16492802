"""The officers' pages about what people say, and about directives, under /desk/."""

from __future__ import annotations

from django.urls import URLPattern, path

from .views import cases, inbox

urlpatterns: list[URLPattern] = [
    path("inbox/", inbox.inbox_list, name="inbox"),
    path("inbox/view/", inbox.view_save, name="view_save"),
    path("inbox/join/", inbox.join_many, name="join_many"),
    path("inbox/<key:pk>/", inbox.conversation, name="conversation"),
    path("inbox/<key:pk>/reply/", inbox.reply, name="reply"),
    path("inbox/<key:pk>/sort/", inbox.sort, name="sort"),
    path("inbox/<key:pk>/done/", inbox.done, name="done"),
    path("inbox/<key:pk>/note/", inbox.note, name="note"),
    path("inbox/<key:pk>/labels/", inbox.labels, name="labels"),
    path("inbox/<key:pk>/case/", inbox.case_open, name="case_open"),
    path("inbox/<key:pk>/join/", inbox.case_join, name="case_join"),
    path("inbox/<key:pk>/presence/", inbox.presence, name="presence"),
    path("replies/<key:pk>/", inbox.reply_page, name="reply_page"),
    path("replies/<key:pk>/<slug:decision>/", inbox.reply_decide, name="reply_decide"),
    path("remarks/<key:pk>/moderate/", inbox.moderate, name="moderate"),
    path("contacts/<key:pk>/address/", inbox.address, name="address"),
    path("cases/", cases.case_list, name="cases"),
    path("cases/<str:number>/", cases.case, name="case"),
    path("cases/<str:number>/files/<key:pk>/", cases.case_file, name="case_file"),
    path("cases/<str:number>/<slug:what>/", cases.case_act, name="case_act"),
]
