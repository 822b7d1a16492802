"""`<key:pk>` in an address: as many digits as a key can have; more would overflow the database."""

from django.urls import register_converter


class KeyConverter:
    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(KeyConverter, "key")
