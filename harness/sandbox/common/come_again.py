"""What clients are told while the database goes back, whoever tells them. Imports only the standard library."""

from typing import Final

COME_AGAIN: Final = (
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Retry-After: 1\r\nContent-Type: application/json\r\nContent-Length: 47\r\nConnection: close\r\n\r\n"
    '{"error": "the database is being rolled back"}\n'
)
