"""Texts of European languages are read in the encoding that they were written in."""

from itertools import product

import pytest

from todochat.latin_text import guess_latin

WESTERN = (
    "Termin beim Zahnarzt; Rückruf wegen der Prüfung",
    "„Hallo“ – 5 €; 20 °C; § 5 prüfen",  # noqa: RUF001
    "Vérifier les dépenses\nRéserver l’hôtel à Genève; prévenir Gaëlle",  # noqa: RUF001
    "«Très bien» : fenêtre à réparer, œufs, cœur; 20 € reçus",
    "tarea;cuándo\r\nLlamar al médico;mañana\r\nComprar pan y café",
    "Año nuevo: enviar tarjetas; ¿cuándo?",
    "Reunião amanhã às 10h;não esquecer o pão\r\nComprar feijão e maçã",
    "Perché non chiamare Niccolò? Più tardi, venerdì\nLa città è bella",
    "Comprar pa i llet; això és açò; què més?",
    "Köp ägg och bröd\nÅk till affären på lördag",
    "Ring til tandlægen\nKøb æbler og smør; få vasket tøj",
    "Käy kaupassa; muista syntymäpäivä",
    "Café boeken; financiën; één ding; creëren",
    "Naïve résumé; the café; 100 £; “quoted” — dash",
)
OTHERS = (
    ("Hringja í mömmu; kaupa mjólk; fara í búð", "cp1252"),
    ("zadanie;kiedy\r\nKupić mąkę i żółty ser;jutro", "cp1250"),
    ("Lista zakupów\nmleko\nchleb żytni\nśmietana", "cp1250"),
    ("Kupić mleko", "cp1250"),
    ("Příští týden schůzka s ředitelem\nPlatba nájmu", "cp1250"),
    ("Zaplatit účet za elektřinu; čtvrtek", "cp1250"),
    ("Narodeniny Ľudmily; darček; kvety; nedeľa", "cp1250"),
    ("Tejet és kenyeret venni;határidő", "cp1250"),
    ("Nazvati liječnika;četvrtak\r\nPlatiti račun", "cp1250"),
    ("Cumpără lapte şi pâine; ţine minte", "cp1250"),
    ("Çocuklara süt\nİşe gitmek", "cp1254"),
    ("Doğum günü", "cp1254"),
    ("Süt ve ekmek al;yarın", "cp1254"),  # noqa: RUF001
    ("Pirkti pieną ir duoną; šeštadienį", "cp1257"),
)


@pytest.mark.parametrize(
    ("text", "encoding"), [*product(WESTERN, ["cp1252", "mac_roman"]), *OTHERS]
)
def test_text_is_read_in_its_encoding(text: str, encoding: str) -> None:
    written = text.encode(encoding)

    guessed = guess_latin(written)

    assert guessed is not None
    assert written.decode(guessed) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("позвонить врачу; оплатить счёт", "cp1251"),
        ("Ραντεβού με τον γιατρό", "cp1253"),
        ("牛乳を買う,明日", "cp932"),
        ("买牛奶,明天", "gb18030"),
    ],
)
def test_other_scripts_are_not_taken_for_latin_letters(text: str, encoding: str) -> None:
    assert guess_latin(text.encode(encoding)) is None


def test_plain_text_is_western() -> None:
    assert guess_latin(b"Buy milk") == "cp1252"
