"""The officers' pages about what people say, and about directives, under /desk/."""

from __future__ import annotations

from django.urls import URLPattern, path

from .views import cases, coverage, directives, inbox, reaction

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
    path("reaction/", reaction.public_reaction, name="reaction"),
    path("coverage/", coverage.coverage_map, name="coverage"),
    path("coverage/report/", coverage.report, name="coverage_report"),
    path("coverage/norm/<slug:what>/", coverage.norm, name="norm"),
    path("directives/", directives.directive_list, name="directives"),
    path("directives/new/", directives.directive_add, name="directive_add"),
    path("directives/tasks/<key:pk>/<slug:what>/", directives.task_act, name="task_act"),
    path("directives/<str:number>/", directives.directive, name="directive"),
    path("directives/<str:number>/kit/<key:pk>/", directives.kit_file, name="kit_file"),
    path("directives/<str:number>/<slug:what>/", directives.directive_act, name="directive_act"),
    path("cases/", cases.case_list, name="cases"),
    path("cases/<str:number>/", cases.case, name="case"),
    path("cases/<str:number>/files/<key:pk>/", cases.case_file, name="case_file"),
    path("cases/<str:number>/<slug:what>/", cases.case_act, name="case_act"),
]
