"""What the three Graph API stages share (platform sheet, part 1)."""

from __future__ import annotations

import re
import secrets
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from .stage import Response, Stage, as_json

V = r"/v\d{1,2}\.\d"
ID = r"/([\w.:=-]+)"


def graph_error(
    code: int,
    message: str,
    *,
    status: int = 400,
    subcode: int = 0,
    transient: bool = False,
    details: str = "",
    **headers: str,
) -> Response:
    error = {
        "message": f"(#{code}) {message}",
        "type": "OAuthException",
        "code": code,
        "is_transient": transient,
        "fbtrace_id": f"A{secrets.token_urlsafe(15)}",
    }
    if subcode:
        error["error_subcode"] = subcode
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    return as_json({"error": error}, status, **headers)


class GraphStage(Stage):
    limit_code = 32

    def not_found(self) -> Response:
        return graph_error(2500, "Unknown path components", status=400)

    def bad_token(self) -> Response:
        return graph_error(190, "Error validating access token: Session has expired", subcode=463)

    def rate_limited(self) -> Response:
        usage = '{"1001":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":1}]}'
        return graph_error(
            self.limit_code, "Request limit reached", X_Business_Use_Case_Usage=usage
        )

    def failing(self) -> Response:
        return graph_error(2, "Service temporarily unavailable", status=500, transient=True)

    def error_for(self, detail: str) -> Response:
        """`detail` is a code, or code/subcode (1.6, 2.4, 3.4, 4.4)."""
        if not re.fullmatch(r"-?\d{1,9}(/\d{1,9})?", detail):
            return super().error_for(detail)
        code, _, subcode = detail.partition("/")
        number = int(code)
        status = 500 if number in (1, 2) else 403 if number == 10 or 200 <= number <= 299 else 400
        return graph_error(number, "Provoked", status=status, subcode=int(subcode or 0))

    def wrong_account(self) -> Response:
        return graph_error(
            100,
            "Unsupported request. Object with this ID does not exist or cannot be loaded",
            subcode=33,
        )


def image_kind(body: bytes) -> tuple[str, int, int] | None:
    """MIME type, width and height, or None if it is no image."""
    try:
        with Image.open(BytesIO(body)) as image:
            return Image.MIME.get(image.format or "", ""), image.width, image.height
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None
