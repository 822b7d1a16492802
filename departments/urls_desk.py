"""Paths under /desk/ about handles, departments, people and the audit trail."""

from django.urls import path

from .views import audit, departments, handles, people

urlpatterns = [
    path("handles/", handles.handle_list, name="handles"),
    path("handles/new/", handles.handle_add, name="handle_add"),
    path("handles/<key:pk>/", handles.handle_detail, name="handle"),
    path("handles/<key:pk>/close/", handles.handle_close, name="handle_close"),
    path("departments/", departments.department_list, name="departments"),
    path("departments/<slug:slug>/edit/", departments.department_edit, name="department_edit"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person_invite, name="person_invite"),
    path("people/<key:pk>/", people.person, name="person"),
    path("people/<key:pk>/resend/", people.person_resend, name="person_resend"),
    path("people/<key:pk>/appoint/", people.appoint, name="appoint"),
    path("charges/<key:pk>/relieve/", people.relieve, name="relieve"),
    path("audit/", audit.audit, name="audit"),
]
