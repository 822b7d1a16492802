"""How X says no (X4)."""

from __future__ import annotations

import time

from .stage import Response, as_json

NOT_MENTIONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise"
    " engaged by the author of the post you are replying to."
)
# Errors by the name a fault's detail gives them (X4.2): status, title, detail, type, reason.
ERRORS = {
    "unauthorized": (401, "Unauthorized", "Unauthorized", "about:blank"),
    "too long": (400, "Invalid Request", "Tweet text is too long", "invalid-request"),
    "media": (400, "Invalid Request", "Your media IDs are invalid.", "invalid-request"),
    "credits": (402, "CreditsDepleted", "Your enrolled account does not have credits.", "credits"),
    "duplicate content": (
        403,
        "Forbidden",
        "You are not allowed to create a Tweet with duplicate content.",
        "about:blank",
    ),
    "reply": (403, "Forbidden", NOT_MENTIONED, "not-authorized-for-resource"),
    "not permitted": (
        403,
        "Forbidden",
        "You are not permitted to perform this action.",
        "about:blank",
    ),
    "unsupported-authentication": (
        403,
        "Unsupported Authentication",
        "Authenticating with this type is forbidden for this endpoint.",
        "unsupported-authentication",
    ),
    "oauth1-permissions": (403, "Forbidden", "Your app lacks permissions.", "oauth1-permissions"),
    "client-forbidden": (403, "Client Forbidden", "client-not-enrolled", "client-forbidden"),
    "user-suspended": (403, "Forbidden", "User has been suspended.", "user-suspended"),
    "locked": (403, "Forbidden", "This account is temporarily locked.", "about:blank"),
    "automated": (
        403,
        "Forbidden",
        "This request looks like it might be automated.",
        "about:blank",
    ),
    "malware": (403, "Forbidden", "The link is potentially malware.", "about:blank"),
    "not found": (404, "Not Found Error", "Could not find the post.", "resource-not-found"),
    "conflict": (409, "Conflict", "Conflict", "conflict"),
    "usage-capped": (429, "UsageCapExceeded", "Usage cap exceeded: Monthly", "usage-capped"),
    "unavailable": (503, "Service Unavailable", "Service Unavailable", "about:blank"),
}

# Problems that name what they are about.
OF_RESOURCES = frozenset({"resource-not-found", "not-authorized-for-resource"})


def problem(
    status: int, title: str, detail: str, kind: str = "about:blank", **headers: str
) -> Response:
    """`kind` as the last part of a problem's address."""
    address = kind if kind == "about:blank" else f"https://api.x.com/2/problems/{kind}"
    body = {"title": title, "detail": detail, "type": address, "status": status}
    if kind in OF_RESOURCES:
        body |= {"resource_id": "1", "resource_type": "tweet", "parameter": "id", "value": "1"}
    return as_json(body, status, Content_Type="application/problem+json", **headers)


def invalid(message: str) -> Response:
    body = {
        "errors": [{"parameters": {}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.x.com/2/problems/invalid-request",
    }
    return as_json(body, 400, Content_Type="application/problem+json")


def error_for(detail: str) -> Response:
    """`detail` is a status and a name of ERRORS, as in "403:duplicate content"; or "429:day"."""
    status, _, name = detail.partition(":")
    if name == "day":
        reset = str(int(time.time()) + 3600)
        headers = {"x_user_limit_24hour_remaining": "0", "x_user_limit_24hour_reset": reset}
        return problem(429, "Too Many Requests", "Too Many Requests", **headers)
    _, title, said, kind = ERRORS.get(name, (0, name or "Error", name or "Error", "about:blank"))
    return problem(int(status), title, said, kind)
