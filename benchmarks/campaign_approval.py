"""How long an officer waits for each page and press of one campaign, through the real views.

    .venv/bin/python -m benchmarks.campaign_approval [--handles 10000] [--database URL]

Without --database: SQLite in a file of its own, as the portal runs by default. A PostgreSQL that is
named gets a database of its own, which is dropped at the end.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from .prepare import own_database

if TYPE_CHECKING:
    from django.test import Client

    from departments.models import Department, User
    from schemes.models import Post

REACH = 1.0  # seconds for any one request
DEPARTMENTS = 100
# No API gives a YouTube channel a text; WhatsApp groups are few. Ten handles of a department.
PLATFORMS = ("facebook", "facebook", "facebook", "facebook", "facebook", "instagram", "instagram",
             "x", "x", "x")  # fmt: skip


def main() -> None:
    asked = _arguments()
    with own_database(asked.database) as url, tempfile.TemporaryDirectory() as media:
        os.environ["DATABASE_URL"] = url
        os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings.test"
        django.setup()
        _prepare(Path(media))
        taken = Campaign(asked.handles, asked.rounds).run()
    _print(asked, url, taken)
    sys.exit(max(max(times) for times in taken.values()) > REACH)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--handles", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=2, help="campaigns, one after the other")
    parser.add_argument("--database", default="", help="postgres://...; default: SQLite")
    return parser.parse_args()


def _prepare(media: Path) -> None:
    from django.conf import settings
    from django.core.management import call_command

    settings.MEDIA_ROOT = media
    call_command("migrate", verbosity=0)


class Campaign:
    """Officers of the Directorate, the handles of a hundred departments, and one post to all."""

    def __init__(self, handles: int, rounds: int) -> None:
        self.rounds, self.taken = rounds, dict[str, list[float]]()
        self.people = self._people()
        self._handles(handles)

    def _people(self) -> dict[str, User]:
        from departments.roles import Role
        from departments.tests.factories import directorate, person

        roles = (Role.DEPUTY_DIRECTOR, Role.JOINT_DIRECTOR, Role.DIRECTOR)
        own = (Role.NODAL_OFFICER, Role.DEPARTMENT_HEAD)
        return {
            **{role.value: person(role) for role in roles},
            **{role.value: person(role, directorate()) for role in own},
        }

    def _handles(self, number: int) -> None:
        from departments.models import Handle

        offices = self._offices()
        Handle.objects.bulk_create(
            Handle(
                department=offices[place % DEPARTMENTS],
                platform=PLATFORMS[place // DEPARTMENTS % len(PLATFORMS)],
                name=f"Campaign{place}",
                url=f"https://example.com/Campaign{place}",
                external_id=f"account-{place}",
                state="connected",
            )
            for place in range(number)
        )

    def _offices(self) -> list[Department]:
        from departments.tests.factories import department

        return [
            department(name_hi=f"जिला प्रशासन {number}", kind="district-administration")
            for number in range(DEPARTMENTS)
        ]

    def run(self) -> dict[str, list[float]]:
        for number in range(self.rounds):
            self._after(self._approved(number))
        post = self._approved(self.rounds)
        self._move("withdrawing it", self._signed_in("director"), "withdraw", comment="भूल")
        assert not post.message
        return self.taken

    def _approved(self, number: int) -> Post:
        writer = self._signed_in("nodal_officer")
        page = self._page(writer, number)
        shown = self._timed("choosing all handles", writer, "/desk/posts/handles/",
                            {**page, "pick": "add"})  # fmt: skip
        (page["chosen"],) = re.findall(r'name="chosen" value="([^"]*)"', shown)
        self._timed("previews while writing", writer, "/desk/posts/preview/", page)
        self._timed("saving the draft", writer, "/desk/posts/new/", page)
        post = self._newest()
        self._timed("opening the composer", writer, f"/desk/posts/{post.pk}/edit/")
        self._timed("saving it again", writer, f"/desk/posts/{post.pk}/edit/",
                    {**page, "version": post.version})  # fmt: skip
        self._move("submitting", writer, "submit")
        for role in ("department_head", "deputy_director", "joint_director"):
            self._looked_at_and_approved(role, "an approval")
        self._looked_at_and_approved("director", "the last approval")
        return self._newest()

    def _after(self, post: Post) -> None:
        from django.test import Client

        from publishing.models import Delivery

        writer = self._signed_in("nodal_officer")
        self._timed("the post's page afterwards", writer, f"/desk/posts/{post.pk}/")
        there = Delivery.objects.filter(message=post.message)
        there.update(state="failed", problem="reconnect")
        self._timed("the progress page", writer, f"/desk/posts/{post.pk}/progress/")
        self._timed("the list of handles", writer, f"/desk/posts/{post.pk}/handles/")
        director = self._signed_in("director")
        self._timed("trying all again", director, f"/desk/posts/{post.pk}/requeue/",
                    {"problem": "reconnect"})  # fmt: skip
        assert not there.filter(state="failed").exists()
        there.update(state="sent", sent_at=there[0].due_at, platform_id="1", next_try_at=None)
        self._timed("its public page", Client(), f"/posts/{post.pk}/")
        reason = {"reason": "आँकड़ा ग़लत है"}
        self._timed("taking it down", director, f"/desk/posts/{post.pk}/take-down/", reason)

    def _looked_at_and_approved(self, role: str, what: str) -> None:
        client = self._signed_in(role)
        self._timed(
            "the post's page before a decision", client, f"/desk/posts/{self._newest().pk}/"
        )
        self._move(what, client, "approve")

    def _page(self, client: Client, number: int) -> dict[str, Any]:
        from departments.tests.factories import directorate
        from publishing.tests.factories import stored_photo

        return {
            "department": directorate().pk,
            "kind": "advisory",
            "route": "policy",
            "title_hi": f"मौसम की चेतावनी {number}",
            "text_hi": f"कल दोपहर तक भारी वर्षा की सम्भावना है। घर पर रहें। {number}",
            "photos": [stored_photo(directorate(), f"{number}".encode()).pk],
        }

    def _newest(self) -> Post:
        from schemes.models import Post

        return Post.objects.order_by("-pk")[0]

    def _signed_in(self, role: str) -> Client:
        from django.test import Client

        client = Client()
        client.force_login(self.people[role])
        return client

    def _move(self, what: str, client: Client, move: str, **data: str) -> None:
        post = self._newest()
        page = {"version": post.version, **data}
        self._timed(what, client, f"/desk/posts/{post.pk}/{move}/", page)

    def _timed(self, what: str, client: Client, address: str, data: Any = None) -> str:
        ask: Callable[..., Any] = client.get if data is None else client.post
        begun = time.perf_counter()
        answer = ask(address, data)
        content = b"" if answer.status_code == 302 else answer.content
        self.taken.setdefault(what, []).append(time.perf_counter() - begun)
        if answer.status_code not in (200, 302):
            errors = answer.context and getattr(answer.context.get("form"), "errors", "")
            raise SystemExit(f"{what}: {answer.status_code} {errors}\n{_messages(answer)}")
        return str(content.decode())


def _messages(answer: Any) -> str:
    return "\n".join(str(one) for one in (answer.context or {}).get("messages", ()))


def _print(asked: argparse.Namespace, url: str, taken: dict[str, list[float]]) -> None:
    print(
        f"One post to {asked.handles} handles of {DEPARTMENTS} departments; {asked.rounds} rounds"
    )
    print(f"{url.partition(':')[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f},"
          f" Python {platform.python_version()}, Django {django.__version__}")  # fmt: skip
    print(f"\n{'request':36} {'median':>8} {'slowest':>8}   seconds; reach {REACH:.1f}")
    for what, times in taken.items():
        mark = "" if max(times) <= REACH else "  over"
        print(f"{what:36} {statistics.median(times):8.3f} {max(times):8.3f}{mark}")


if __name__ == "__main__":
    main()
