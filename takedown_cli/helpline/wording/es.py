"""The texts of a slip in Spanish. It guarantees one for each field. It must never hold anything about a case."""

from typing import Final

from takedown_cli.helpline.wording.texts import Wording

TEXTS: Final = Wording(
    name="Español",
    direction="ltr",
    outside="Para una sola persona. Por favor, no lo abra si no es para usted.",
    fold="Doble la parte inferior hasta esta línea, con el texto hacia dentro, y ciérrelo.",
    title="Su caso",
    reference="Nuestra referencia",
    number="Su número de caso",
    number_own="Su número de caso es el que se le mostró cuando usted preparó el caso. Nosotros no lo conocemos.",
    keep="Guarde el número en un lugar seguro. Nadie puede recuperarlo. Quien lo tenga puede ver "
    "qué ocurre con el caso "
    "y retirarlo. Su nombre no está guardado con él.",
    done_title="Lo que se ha hecho",
    done="Se enviaron huellas digitales de sus fotos y vídeos. Las fotos y los vídeos mismos no se enviaron, y nadie "
    "tuvo que mirarlos.",
    sent="Enviado el",
    protected="Fotos y vídeos",
    unprotected="No se pudieron proteger (pregúntenos)",
    ends="El caso termina por sí solo el",
    next_title="Qué ocurre ahora",
    next_compare="Las plataformas que participan comparan las huellas con lo que se sube a ellas. Puede "
    "tardar algunos "
    "días.",
    next_block="Donde encuentran una copia, pueden eliminarla y bloquear nuevas subidas.",
    next_limits="No funciona en mensajerías cifradas, ni en plataformas que no participan, ni con copias muy "
    "modificadas.",
    ask_title="Cómo preguntar qué ha pasado",
    ask="Póngase en contacto con nosotros y dé nuestra referencia. No tiene que decir su nombre.",
    ask_program="O use el programa takedown en su propio ordenador. Le pide el número de caso:",
    withdraw_title="Cómo retirar el caso",
    withdraw="Puede retirar el caso en cualquier momento, sin dar un motivo: contacte con nosotros o use el programa:",
    talk="Si está en peligro, o quiere hablar con alguien, contacte con nosotros o con otra línea de ayuda.",
)
