"""Release 1.1.0 of the shop: one item of each order is free, and it is told what the others cost each.

It has a defect: nobody thought of orders of one item. Drills take it back.
"""

from typing import Any

PRICES = (20, 35, 50)


def order(number: int) -> dict[str, Any]:
    """One order."""
    items = number % 4 + 1
    paid = items - 1
    total = paid * PRICES[number % 3]
    return {"order": number, "items": items, "total": total, "each": total / paid}
