"""Photos and videos in S3-compatible storage, never public: everything goes through our views."""

from __future__ import annotations

from collections.abc import Iterator

from storages.backends.s3 import S3Storage

BLOCK = 256 * 1024


class PrivateS3(S3Storage):
    def url(self, name: str, *values: object, **options: object) -> str:
        raise NotImplementedError("media has no public address; see publishing/links.py")

    def pieces(self, name: str, start: int, length: int) -> Iterator[bytes]:
        """A part of a file; opening the file would first fetch all of it."""
        if not length:
            return
        stored = self.bucket.Object(self._normalize_name(name))
        body = stored.get(Range=f"bytes={start}-{start + length - 1}")["Body"]
        with body:
            yield from body.iter_chunks(BLOCK)
