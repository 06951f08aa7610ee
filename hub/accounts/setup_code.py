"""The first-run code: 40 random bits that a person reads from one screen and types into another.

Crockford's base 32: digits and capitals without I, L, O and U; what is typed may have them for 1, 1 and 0, any case,
spaces, and no dash. Source: https://www.crockford.com/base32.html
"""

from __future__ import annotations

import hmac
import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 8
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, "–": None, "—": None})


def new_code() -> str:
    """A fresh code such as `7K3M-Q2ZT`."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def is_same(typed: str, code: str) -> bool:
    """Whether what was typed means `code`; takes the same time for every wrong code."""
    return hmac.compare_digest(_normal(typed), _normal(code))


def _normal(code: str) -> bytes:
    return "".join(code.split()).upper().translate(_READ_AS).encode(errors="replace")
