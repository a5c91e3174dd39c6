"""The texts of a slip in German. It guarantees one for each field. It must never hold anything about a case."""

from typing import Final

from takedown_cli.helpline.wording.texts import Wording

TEXTS: Final = Wording(
    name="Deutsch",
    direction="ltr",
    outside="Nur für eine Person bestimmt. Bitte nicht öffnen, wenn es nicht für Sie ist.",
    fold="Den unteren Teil bis zu dieser Linie hochfalten, Schrift nach innen, und verschließen.",
    title="Ihr Fall",
    reference="Unser Zeichen",
    number="Ihre Fallnummer",
    number_own="Ihre Fallnummer ist die, die Ihnen angezeigt wurde, als Sie den Fall selbst vorbereitet haben. Wir "
    "kennen sie nicht.",
    keep="Bewahren Sie die Nummer an einem sicheren Ort auf. Niemand kann sie wiederherstellen. Wer "
    "sie hat, kann sehen, "
    "was mit dem Fall geschieht, und ihn zurückziehen. Ihr Name ist nicht dabei gespeichert.",
    done_title="Was geschehen ist",
    done="Fingerabdrücke Ihrer Bilder und Videos wurden gesendet. Die Bilder und Videos selbst "
    "wurden nicht gesendet, "
    "und niemand musste sie ansehen.",
    sent="Gesendet am",
    protected="Bilder und Videos",
    unprotected="Konnten nicht geschützt werden (bitte fragen Sie uns)",
    ends="Der Fall endet von selbst am",
    next_title="Wie es weitergeht",
    next_compare="Plattformen, die mitmachen, vergleichen die Fingerabdrücke mit dem, was bei ihnen "
    "hochgeladen wird. "
    "Das kann einige Tage dauern.",
    next_block="Wo sie eine Kopie finden, können sie sie löschen und neue Uploads sperren.",
    next_limits="Es wirkt nicht in verschlüsselten Messengern, nicht auf Plattformen, die nicht mitmachen, und nicht "
    "bei stark veränderten Kopien.",
    ask_title="So fragen Sie nach",
    ask="Melden Sie sich bei uns und nennen Sie unser Zeichen. Ihren Namen müssen Sie nicht sagen.",
    ask_program="Oder benutzen Sie das Programm takedown auf Ihrem eigenen Computer. Es fragt nach der Fallnummer:",
    withdraw_title="So ziehen Sie den Fall zurück",
    withdraw="Sie können den Fall jederzeit zurückziehen, ohne einen Grund zu nennen: bei uns oder mit dem Programm:",
    talk="Wenn Sie in Gefahr sind oder mit jemandem sprechen möchten, melden Sie sich bei uns oder bei einer anderen "
    "Beratungsstelle.",
)
