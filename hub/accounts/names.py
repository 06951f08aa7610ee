"""The names of people: what is accepted, and when two are the same."""

from __future__ import annotations

import unicodedata

from hub.errors import InvalidInput

MAX_NAME = 64

# Zero-width joiners belong to the spelling of Persian, Hindi and many emoji; the other format characters (direction
# overrides, soft hyphens) only make one name look like another.
_JOINERS = "\u200c\u200d"
_REFUSED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_VISIBLE = "LNPSM"


def clean_name(name: str) -> str:
    """The name as it is kept, without spaces at its ends. InvalidInput says what is wrong with it."""
    name = name.strip()
    if not any(unicodedata.category(character)[0] in _VISIBLE for character in name):
        raise InvalidInput("The name is empty. Give one of 1 to 64 characters.", field="name")
    if len(name) > MAX_NAME:
        raise InvalidInput(f"The name has {len(name)} characters; allowed are 1 to {MAX_NAME}.", field="name")
    for character in name:
        if character not in _JOINERS and unicodedata.category(character) in _REFUSED:
            raise InvalidInput(
                f"The name holds a control character (U+{ord(character):04X}). Remove it.", field="name"
            )
    return name


def name_key(name: str) -> str:
    """The name folded for comparison: two people may not differ only in case, width or composition.

    Folded twice, because casefolding can bring up new compatibility characters (Unicode 3.13, D146). What no database
    can hold is replaced: a look-up of such a name finds nobody.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold()).strip()
    return folded.replace("\0", "\ufffd").encode(errors="replace").decode()
