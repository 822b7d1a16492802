"""The plain loop, beside which delivery is measured: nothing but the calls, one after the other.

With a database, it also writes down an intent before each call and a result after it, each
committed: what anyone must do at least who wants to know afterwards what went out.
"""

from __future__ import annotations

import time

import psycopg2  # type: ignore[import-untyped]
import requests

from .prepare import TEXT

TABLE = """
    CREATE TABLE IF NOT EXISTS plain_delivery (
        id serial PRIMARY KEY, account text, text text, state text DEFAULT 'queued',
        begun_at timestamptz, ended_at timestamptz, platform_id text)
"""
INTENT = "UPDATE plain_delivery SET state = 'sending', begun_at = now() WHERE id = %s"
RESULT = """
    UPDATE plain_delivery SET state = 'sent', ended_at = now(), platform_id = %s WHERE id = %s
"""
FILL = """
    INSERT INTO plain_delivery (account, text)
    SELECT place::text, %s FROM generate_series(1, %s) AS place
"""


def bare(platform: str, number: int) -> float:
    """Posts a second."""
    with requests.Session() as session:
        begun = time.perf_counter()
        for account in range(number):
            post(session, platform, account)
        return number / (time.perf_counter() - begun)


def durable(platform: str, number: int, database: str) -> float:
    """Posts a second, each with a durable intent and result. PostgreSQL only."""
    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        fill(cursor, number)
        cursor.execute("SELECT id, account FROM plain_delivery WHERE state = 'queued'")
        rows = cursor.fetchall()
    with requests.Session() as session:
        begun = time.perf_counter()
        for key, account in rows:
            _in_transaction(connection, INTENT, key)
            _in_transaction(connection, RESULT, post(session, platform, account), key)
        seconds = time.perf_counter() - begun
    connection.close()
    return number / seconds


def fill(cursor: psycopg2.extensions.cursor, number: int) -> None:
    cursor.execute(TABLE)
    cursor.execute(FILL, (TEXT, number))


def post(session: requests.Session, platform: str, account: object) -> str:
    answer = session.post(
        f"{platform}/v26.0/{account}/feed",
        data={"message": TEXT},
        headers={"Authorization": "Bearer token"},
        timeout=(5, 25),
    )
    found: str = answer.json()["id"]
    return found


def _in_transaction(connection: psycopg2.extensions.connection, sql: str, *values: object) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(sql, values)
