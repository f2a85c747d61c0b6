"""Asking an embedded server."""

import psycopg2

from config.postgres.server import EmbeddedPostgres


def ask(url: str, sql: str) -> tuple[object, ...]:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            row: tuple[object, ...] = cursor.fetchone() or ()
            return row
    finally:
        connection.close()


def execute(url: str, sql: str) -> None:
    ask(url, f"{sql} RETURNING 1" if sql.startswith("INSERT") else f"{sql}; SELECT 1")


def postmaster_pid(server: EmbeddedPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])
