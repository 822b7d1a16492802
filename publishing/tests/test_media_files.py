"""Stored files on their way out: in ranges, by signed addresses, from S3 as from disk."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone
from moto.server import ThreadedMotoServer

from departments.tests.factories import department, person
from publishing import links
from publishing.connectors.base import Account, Content
from publishing.connectors.facebook import Facebook
from publishing.connectors.http import Http
from publishing.content import attachment
from publishing.links import file_behind, signed_media_url
from publishing.media import add_captions, add_media
from publishing.models import Derivative, Media
from publishing.seal import sealed_file
from publishing.streaming import asked_range

from .contract import TOKEN
from .films import film, picture, upload
from .test_media_captions import SRT

pytestmark = pytest.mark.django_db
S3 = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "ap-south-1"}


@pytest.fixture(scope="module")
def far() -> Iterator[str]:
    """A real server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(far: str, settings):
    client = boto3.client("s3", endpoint_url=far, **S3)
    client.create_bucket(
        Bucket="portal", CreateBucketConfiguration={"LocationConstraint": "ap-south-1"}
    )
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "publishing.storage.PrivateS3",
            "OPTIONS": {
                "bucket_name": "portal",
                "endpoint_url": far,
                "region_name": "ap-south-1",
                "access_key": "key",
                "secret_key": "secret",
                "location": "media",
                "file_overwrite": False,
                "max_memory_size": 1024,
            },
        },
    }
    yield client
    for item in client.list_objects_v2(Bucket="portal").get("Contents", []):
        client.delete_object(Bucket="portal", Key=item["Key"])
    client.delete_bucket(Bucket="portal")


def stored(content: bytes, kind: str) -> Media:
    home = department()
    actor = person("nodal_officer", home)
    return add_media(home, upload(content), kind=kind, alt_hi="मेला", actor=actor)


def path_of(address: str) -> str:
    return "/" + address.split("/", 3)[3]


def body(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("", (0, 100)),
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=90-500", (90, 100)),
        ("bytes=-5", (95, 100)),
        ("bytes=-500", (0, 100)),
        ("bytes=100-", None),
        ("bytes=9-3", None),
        ("bytes=-0", None),
        ("bytes=-", (0, 100)),
        ("bytes=0-1,5-6", (0, 100)),
        ("pages=1-2", (0, 100)),
        ("bytes=" + "9" * 400 + "-", (0, 100)),
    ],
)
def test_a_range_is_read(header, span):
    assert asked_range(header, 100) == span


def test_a_platform_fetches_by_a_signed_address_in_ranges():
    media = stored(film(), "video")
    address = path_of(signed_media_url(media))
    fetcher = Client()
    whole = fetcher.get(address)
    content = body(whole)
    assert (whole.status_code, whole["Content-Type"]) == (200, "video/mp4")
    assert len(content) == media.size == int(whole["Content-Length"])
    part = fetcher.get(address, headers={"Range": "bytes=100-199"})
    assert (part.status_code, body(part)) == (206, content[100:200])
    assert part["Content-Range"] == f"bytes 100-199/{media.size}"
    head = fetcher.head(address)
    assert (head.status_code, head["Content-Length"], body(head)) == (200, str(media.size), b"")
    assert fetcher.get(address, headers={"Range": f"bytes={media.size}-"}).status_code == 416
    assert not whole.cookies


def test_the_address_leads_to_the_copy():
    media = stored(picture(), "photo")
    copy = Derivative(media=media, recipe="png-1-0-0-0-0", state="ready", sha256="a" * 64)
    copy.mime, copy.suffix = "image/png", ".png"
    copy.file.save("file", io.BytesIO(b"copy"))
    answer = Client().get(path_of(signed_media_url(copy)))
    assert (answer["Content-Type"], body(answer)) == ("image/png", b"copy")
    Derivative.objects.update(state="running")
    assert Client().get(path_of(signed_media_url(copy))).status_code == 404


def test_the_address_is_good_for_two_hours(monkeypatch):
    media = stored(picture(), "photo")
    token = signed_media_url(media).rstrip("/").rpartition("/")[2]
    assert file_behind(token) == media
    later = timezone.now() + timedelta(seconds=links.GOOD_FOR + 5)
    monkeypatch.setattr(signing.time, "time", later.timestamp)
    assert file_behind(token) is None


@pytest.mark.parametrize("said", [5, "media", ["media"], ["media", "x"], {"a": 1}, ["copy", 99]])
def test_a_token_of_another_shape_leads_nowhere(said):
    assert file_behind(signing.dumps(said, salt=links.SALT)) is None


def test_a_photo_and_a_video_lie_in_s3_and_are_private(bucket):
    photo, video = stored(picture(), "photo"), stored(film(), "video")
    keys = [item["Key"] for item in bucket.list_objects_v2(Bucket="portal")["Contents"]]
    assert len(keys) == 4
    assert all(key.startswith("media/") for key in keys)
    with pytest.raises(NotImplementedError):
        photo.file.url  # noqa: B018 - nothing may build a public address
    for media in (photo, video):
        answer = Client().get(path_of(signed_media_url(media)), headers={"Range": "bytes=10-19"})
        with media.file.open("rb") as file:
            assert body(answer) == file.read()[10:20]
        assert sealed_file(media, "मेला", platform="facebook").sha256 == media.sha256


def test_a_file_gone_from_s3_is_said_to_be_missing(bucket):
    photo = stored(picture(), "photo")
    bucket.delete_object(Bucket="portal", Key=f"media/{photo.file.name}")
    assert sealed_file(photo, "मेला", platform="facebook").sha256 == "missing"
    assert Client().get(path_of(signed_media_url(photo))).status_code == 404


@pytest.mark.parametrize(("kind", "content"), [("photo", picture()), ("video", film())])
def test_it_is_published_from_s3(bucket, rehearsal, journal, kind, content):
    media = stored(content, kind)
    if kind == "video":
        add_captions(media, "hi", upload(SRT.encode(), "c.srt"), media.added_by)
    rehearsal.store.add_account("facebook", "1001", "विभाग", TOKEN, {})
    http = Http(f"{rehearsal.url}/facebook", "facebook")
    connector = Facebook(http, Account("1001", "विभाग", TOKEN))
    sent = attachment(media, "मेला", platform="facebook")
    connector.publish(Content("मेला", attachments=(sent,)), journal)
    (post,) = rehearsal.store.posts("facebook")
    assert rehearsal.store.content("facebook", post.file)
