"""Tells encodings of Latin letters apart by the letters that a language puts next to each other.

Windows-1252, -1250, -1254, -1257 and Mac Roman give nearly every byte a meaning, so that each text is
valid in all of them: "žluťoučký kůň" in Windows-1250 is "žluouèký kùò" in Windows-1252. But no
language has "è" before a vowel and "ò" after another one.
"""

import re
from itertools import pairwise
from typing import Final

_SAMPLE_BYTES: Final = 20_000
# The share of letters and symbols that the language of a text may leave unexplained.
_MAX_UNEXPLAINED: Final = 0.2
_VOWEL: Final = "aeiouyàáâãäåèéêëìíîïòóôõöùúûü"
_GRAVE: Final = rf"(?<=\w)è(?![{_VOWEL}])"
_CEDILLA: Final = "ç(?=[aouáâãàóôõú])"
_WESTERN: Final = (
    r"[äöüßé]",  # German
    rf"[àâéêëîïôûùüÿ]|{_CEDILLA}|{_GRAVE}|œ(?=[uei])",  # French
    r"[áéíóúü]|ñ(?=[aeiouáéíóúü])",  # Spanish
    rf"[áâàéíóôúü]|{_CEDILLA}|(?<!i)ê|ã(?=[oe]|\b)|õ(?=e)",  # Portuguese
    r"[àèéìòù]\b",  # Italian
    rf"[àéíïòóúü]|{_CEDILLA}|{_GRAVE}",  # Catalan
    r"[åäöé]",  # Swedish, Finnish
    rf"[åøéóôü]|(?<![{_VOWEL}ø])æ",  # Danish, Norwegian
    rf"[áéëïíóöüê]|{_GRAVE}",  # Dutch
)
_CENTRAL: Final = (
    r"[ąćęłńóśż]|(?:\b|(?<=[aeiouyąęód]))ź",  # Polish
    r"[áčďéěíňóřšťúůýž]",  # Czech
    r"[áäčďéíĺľňóôŕšťúýž]",  # Slovak
    r"[áéíóöőúüű]",  # Hungarian
    r"[čćđšž]",  # Croatian, Slovene
    r"[ăâîşţ]",  # Romanian
)
_TURKISH: Final = (r"[çğıöşüâîû]|i\u0307",)
_ICELANDIC: Final = (rf"[áðéíóúýþö]|(?<![{_VOWEL}])æ",)
_BALTIC: Final = (r"[ąčęėįšųūž]", r"[āčēģīķļņšūž]", r"[äõöüšž]")  # Lithuanian, Latvian, Estonian
# Of equal guesses the first one wins.
_LANGUAGES: Final = tuple(
    (encoding, re.compile(letters))
    for encoding, alphabets in (
        ("cp1252", _WESTERN),
        ("cp1254", _TURKISH),
        ("cp1250", _CENTRAL),
        ("cp1252", _ICELANDIC),
        ("cp1257", _BALTIC),
        ("mac_roman", _WESTERN),
    )
    for letters in alphabets
)
LATIN_ENCODINGS: Final = frozenset(encoding for encoding, _ in _LANGUAGES)
_SIGNS: Final = frozenset("ªºµ")  # letters, for Unicode
# A symbol beside a letter is a letter of another encoding, except quotes, dashes, spaces and units.
_BESIDE: Final = r"\s\u2010-\u2015\u2018-\u201e\u2026\xa0\xad\xab\xb7\xbb\xb0\u2039\u203a"
_MISPLACED: Final = re.compile(
    rf"[^\W\d_](?![{_BESIDE}²©®™])[^\w\x00-\x7f]|(?![{_BESIDE}¡¿€£])[^\w\x00-\x7f](?=[^\W\d_])"
)


def guess_latin(data: bytes) -> str | None:
    """Return the encoding of a text in Latin letters; None if no language explains its letters."""
    sample = data[:_SAMPLE_BYTES]
    decoded: dict[str, tuple[str, int]] = {}
    for encoding in LATIN_ENCODINGS:
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        misplaced = len(_MISPLACED.findall(text)) + sum(
            before.islower() and after.isupper() and not after.isascii()
            for before, after in pairwise(text)
        )
        letters = sum(c.isalpha() and not c.isascii() and c not in _SIGNS for c in text)
        decoded[encoding] = (text.lower(), letters + misplaced)
    best, fewest = None, float("inf")
    for encoding, alphabet in _LANGUAGES:
        if encoding not in decoded:
            continue
        text, total = decoded[encoding]
        unexplained = total - len(alphabet.findall(text))
        if unexplained < fewest and unexplained <= _MAX_UNEXPLAINED * total:
            best, fewest = encoding, unexplained
    return best
