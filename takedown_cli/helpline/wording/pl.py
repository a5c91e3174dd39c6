"""The texts of a slip in Polish. It guarantees one for each field. It must never hold anything about a case."""

from typing import Final

from takedown_cli.helpline.wording.texts import Wording

TEXTS: Final = Wording(
    name="Polski",
    direction="ltr",
    outside="Tylko dla jednej osoby. Prosimy nie otwierać, jeśli nie jest to dla Ciebie.",
    fold="Złóż dolną część do tej linii, tekstem do środka, i zamknij.",
    title="Twoja sprawa",
    reference="Nasz znak",
    number="Twój numer sprawy",
    number_own="Twój numer sprawy to ten, który był pokazany podczas samodzielnego przygotowania sprawy. My go nie "
    "znamy.",
    keep="Przechowuj numer w bezpiecznym miejscu. Nikt nie może go odzyskać. Kto go ma, może "
    "sprawdzić, co dzieje się ze "
    "sprawą, i ją wycofać. Twoje imię i nazwisko nie są przy nim zapisane.",
    done_title="Co zostało zrobione",
    done="Wysłano cyfrowe odciski Twoich zdjęć i filmów. Same zdjęcia i filmy nie zostały wysłane i "
    "nikt nie musiał ich "
    "oglądać.",
    sent="Wysłano dnia",
    protected="Zdjęcia i filmy",
    unprotected="Nie udało się ochronić (zapytaj nas)",
    ends="Sprawa kończy się sama dnia",
    next_title="Co będzie dalej",
    next_compare="Platformy, które biorą udział, porównują odciski z tym, co jest na nie przesyłane. Może to potrwać "
    "kilka dni.",
    next_block="Gdy znajdą kopię, mogą ją usunąć i zablokować kolejne przesłania.",
    next_limits="Nie działa to w szyfrowanych komunikatorach, na platformach, które nie biorą udziału, ani "
    "przy mocno "
    "zmienionych kopiach.",
    ask_title="Jak zapytać, co się stało",
    ask="Skontaktuj się z nami i podaj nasz znak. Nie musisz podawać imienia ani nazwiska.",
    ask_program="Możesz też użyć programu takedown na własnym komputerze. Poprosi on o numer sprawy:",
    withdraw_title="Jak wycofać sprawę",
    withdraw="Możesz wycofać sprawę w każdej chwili, bez podawania powodu: skontaktuj się z nami albo użyj programu:",
    talk="Jeśli grozi Ci niebezpieczeństwo albo chcesz z kimś porozmawiać, skontaktuj się z nami lub z inną linią "
    "pomocy.",
)
