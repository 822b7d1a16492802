"""Google's own client against the stand-in: nothing is changed but the address."""

from __future__ import annotations

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError, ResumableUploadError
from googleapiclient.http import MediaFileUpload, MediaInMemoryUpload

from publishing.rehearsal.faults import add_fault
from publishing.rehearsal.store import Remark

from .specifications import read

TOKEN = "secret-token-0123456789"
CHANNEL = "UC0123456789abcdefghijkl"
GRANULE = 256 * 1024
RESOURCE = {
    "snippet": {"title": "मिशन शक्ति", "description": "शिविर", "categoryId": "25"},
    "status": {"privacyStatus": "unlisted", "selfDeclaredMadeForKids": False},
}


@pytest.fixture
def client(rehearsal):
    rehearsal.store.add_account("youtube", CHANNEL, "सूचना विभाग", TOKEN, {})
    address = f"{rehearsal.url}/youtube/"
    document = {**read("youtube.v3.json"), "rootUrl": address, "baseUrl": address}
    with build_from_document(document, credentials=Credentials(TOKEN)) as service:
        yield service


@pytest.fixture
def large(video, tmp_path):
    """Several pieces; the stand-in does not look beyond the first bytes."""
    file = tmp_path / "large.mp4"
    file.write_bytes(video.file.read_bytes() + b"\0" * (3 * GRANULE))
    return file


def upload(client, file, **options):
    media = MediaFileUpload(str(file), "video/mp4", resumable=True, **options)
    return client.videos().insert(part="snippet,status", body=RESOURCE, media_body=media)


@pytest.fixture
def post(client, video):
    return upload(client, video.file).execute()["id"]


def say(rehearsal, post, number, text, parent=""):
    rehearsal.store.add_remark(
        Remark("youtube", number, CHANNEL, "comment", post, parent, "UC2", "नागरिक", text, 1.8e9)
    )


def test_uploads_a_video_in_pieces(client, large, rehearsal):
    request = upload(client, large, chunksize=GRANULE)
    steps, answer = [], None
    while answer is None:
        status, answer = request.next_chunk()
        steps.append(status and status.resumable_progress)
    assert steps == [GRANULE, 2 * GRANULE, 3 * GRANULE, None]
    assert answer["status"]["uploadStatus"] == "uploaded"
    (stored,) = rehearsal.store.posts("youtube")
    assert (stored.id, stored.title) == (answer["id"], "मिशन शक्ति")
    assert rehearsal.store.content("youtube", stored.file) == large.read_bytes()
    listed = client.videos().list(part="status,processingDetails", id=answer["id"]).execute()
    assert listed["items"][0]["status"]["uploadStatus"] == "processed"


def test_goes_on_after_an_interruption(client, large, rehearsal):
    request = upload(client, large, chunksize=GRANULE)
    request.next_chunk()
    add_fault(rehearsal.store, "youtube", "error_after")
    with pytest.raises(HttpError) as caught:
        request.next_chunk()
    assert caught.value.resp.status == 503
    answer = None
    while answer is None:
        _, answer = request.next_chunk()
    (stored,) = rehearsal.store.posts("youtube")
    assert rehearsal.store.content("youtube", stored.file) == large.read_bytes()


def test_uploads_at_once(client, video):
    media = MediaFileUpload(str(video.file), "video/mp4")
    request = client.videos().insert(part="snippet,status", body=RESOURCE, media_body=media)
    assert request.execute()["snippet"]["title"] == "मिशन शक्ति"


def test_sets_a_thumbnail(client, post, photo, rehearsal):
    media = MediaFileUpload(str(photo.file), "image/jpeg")
    answer = client.thumbnails().set(videoId=post, media_body=media).execute()
    assert answer["items"][0]["default"]["url"].startswith("http://127.0.0.1")
    name = rehearsal.store.post("youtube", post).extra["thumbnail"]
    assert rehearsal.store.content("youtube", name) == photo.file.read_bytes()


def test_adds_captions_once(client, post, rehearsal):
    text = "WEBVTT\r\n\r\n00:00.000 --> 00:01.000\r\nनमस्ते\r\n".encode()
    snippet = {"videoId": post, "language": "hi", "name": "हिन्दी"}

    def insert():
        media = MediaInMemoryUpload(text, "text/vtt")
        client.captions().insert(
            part="snippet", body={"snippet": snippet}, media_body=media
        ).execute()

    insert()
    (caption,) = client.captions().list(part="snippet", videoId=post).execute()["items"]
    assert rehearsal.store.content("youtube", caption["id"]).strip() == text.strip()
    with pytest.raises(HttpError) as caught:
        insert()
    assert caught.value.resp.status == 409


def test_reads_comments_and_replies_page_by_page(client, post, rehearsal):
    for number in range(25):
        say(rehearsal, post, f"Ug{number}", f"प्रश्न {number}")
    for number in range(8):
        say(rehearsal, post, f"Ug0.{number}", "मैं भी", parent="Ug0")
    threads = client.commentThreads()
    request, found = threads.list(part="snippet,replies", videoId=post, order="time"), []
    while request is not None:
        answer = request.execute()
        found += answer["items"]
        request = threads.list_next(request, answer)
    assert [one["id"] for one in found] == [f"Ug{number}" for number in reversed(range(25))]
    assert found[-1]["snippet"]["totalReplyCount"] == 8
    assert len(found[-1]["replies"]["comments"]) == 5
    replies = client.comments().list(part="snippet", parentId="Ug0").execute()["items"]
    assert len(replies) == 8


def test_answers_and_moderates(client, post, rehearsal):
    say(rehearsal, post, "Ug1", "कब?")
    body = {"snippet": {"parentId": "Ug1", "textOriginal": "25 नवम्बर को।"}}
    reply = client.comments().insert(part="snippet", body=body).execute()
    assert reply["snippet"]["authorChannelId"]["value"] == CHANNEL
    client.comments().setModerationStatus(id="Ug1", moderationStatus="rejected").execute()
    threads = client.commentThreads()
    assert threads.list(part="snippet", videoId=post).execute()["items"] == []
    client.comments().setModerationStatus(id="Ug1", moderationStatus="published").execute()
    assert threads.list(part="snippet", videoId=post).execute()["items"] == []  # for good


def test_keeps_a_playlist(client, post):
    body = {"snippet": {"title": "योजनाएँ"}}
    playlist = client.playlists().insert(part="snippet", body=body).execute()["id"]
    video = {"kind": "youtube#video", "videoId": post}
    item = {"snippet": {"playlistId": playlist, "resourceId": video}}
    client.playlistItems().insert(part="snippet", body=item).execute()
    listed = client.playlistItems().list(part="contentDetails", playlistId=playlist).execute()
    assert [one["contentDetails"]["videoId"] for one in listed["items"]] == [post]
    with pytest.raises(HttpError) as caught:
        client.playlistItems().insert(part="snippet", body=item).execute()
    assert caught.value.error_details[0]["reason"] == "conflict"


def test_an_update_erases_what_it_does_not_name(client, post, rehearsal):
    snippet = {"title": "नया", "categoryId": "27"}
    body = {"id": post, "snippet": snippet}
    client.videos().update(part="snippet", body=body).execute()
    stored = rehearsal.store.post("youtube", post)
    assert (stored.title, stored.text) == ("नया", "")
    assert stored.extra["status"]["privacyStatus"] == "unlisted"
    client.videos().delete(id=post).execute()
    assert client.videos().list(part="id", id=post).execute()["items"] == []


def test_a_wrong_title_is_refused_at_the_start(client, video):
    media = MediaFileUpload(str(video.file), "video/mp4", resumable=True)
    body = {"snippet": {"title": "क" * 101}}
    with pytest.raises(ResumableUploadError) as caught:
        client.videos().insert(part="snippet", body=body, media_body=media).execute()
    assert caught.value.error_details[0]["reason"] == "invalidTitle"


def test_a_wrong_token_is_refused(client, post, rehearsal):
    rehearsal.store.add_account("youtube", CHANNEL, "सूचना विभाग", "another", {})
    with pytest.raises(Exception, match=r"refresh|Invalid Credentials"):
        client.videos().list(part="id", id=post).execute()
