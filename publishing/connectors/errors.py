"""What can go wrong with a call to a platform, named by what it means for the delivery.

    ConnectorError
    ├── Refused              the platform said no: nothing was published, and repeating cannot help
    │   ├── ContentRefused     the text or a file; the officer can mend it
    │   ├── AlreadyPublished   the same content is there already: read the platform, never resend
    │   └── ConnectionRefused  the handle: token expired, revoked, permission missing, suspended
    ├── NotSent              nothing was published, and the same call may succeed later
    │   ├── RateLimited        the handle's limit; `retry_after` seconds if the platform said so
    │   │   ├── AppLimited       a limit that all handles share
    │   │   └── PersonLimited    a limit on what one person is sent: nobody else has to wait
    │   └── Unavailable        unreachable, or failing before anything visible was asked for
    ├── NeedsOfficer         nothing was called: only a person can do this, on the platform itself
    └── Unknown              the platform may or may not have published: only reading it can tell

A connector raises these and nothing else. `code` names the problem for people: its wording, in
Hindi and English, is in publishing/problems.py. `detail` is for the engineer: the platform's own
answer, shortened and without secrets.
"""


class ConnectorError(Exception):
    code = "unexpected"

    def __init__(
        self,
        code: str = "",
        *,
        detail: str = "",
        status: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        """`status` is the HTTP status if there was an answer; `retry_after` is in seconds."""
        self.code = code or self.code
        self.detail = detail
        self.status = status
        self.retry_after = retry_after
        super().__init__(self.code)


class Refused(ConnectorError):
    code = "refused"


class ContentRefused(Refused):
    code = "content_refused"


class AlreadyPublished(Refused):
    code = "already_published"


class ConnectionRefused(Refused):
    code = "reconnect"


class NotSent(ConnectorError):
    code = "not_sent"


class RateLimited(NotSent):
    code = "rate_limited"


class AppLimited(RateLimited):
    pass


class PersonLimited(RateLimited):
    pass


class Unavailable(NotSent):
    code = "unavailable"


class NeedsOfficer(ConnectorError):
    code = "assisted"


class Unknown(ConnectorError):
    code = "unknown_outcome"
