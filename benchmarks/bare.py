"""A bare Django view that inserts one row: what the intake of callbacks is measured against."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from publishing.models import CallbackEvent


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    body = request.body.decode()
    CallbackEvent.objects.create(platform="facebook", key=uuid.uuid4().hex, body=body)
    return HttpResponse("ok")


urlpatterns = [path("callbacks/facebook/", insert)]
