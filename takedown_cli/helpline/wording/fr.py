"""The texts of a slip in French. It guarantees one for each field. It must never hold anything about a case."""

from typing import Final

from takedown_cli.helpline.wording.texts import Wording

TEXTS: Final = Wording(
    name="Français",
    direction="ltr",
    outside="Pour une seule personne. Merci de ne pas ouvrir ce pli s’il ne vous est pas destiné.",
    fold="Repliez le bas jusqu’à cette ligne, texte à l’intérieur, puis fermez.",
    title="Votre dossier",
    reference="Notre référence",
    number="Votre numéro de dossier",
    number_own="Votre numéro de dossier est celui qui vous a été montré quand vous avez préparé le "
    "dossier vous-même. "
    "Nous ne le connaissons pas.",
    keep="Gardez ce numéro en lieu sûr. Personne ne peut le retrouver. Qui le possède peut voir ce "
    "qui arrive au dossier "
    "et le retirer. Votre nom n’y est pas enregistré.",
    done_title="Ce qui a été fait",
    done="Des empreintes de vos photos et vidéos ont été envoyées. Les photos et vidéos elles-mêmes n’ont pas été "
    "envoyées, et personne n’a eu à les regarder.",
    sent="Envoyé le",
    protected="Photos et vidéos",
    unprotected="N’ont pas pu être protégées (demandez-nous)",
    ends="Le dossier prend fin de lui-même le",
    next_title="Ce qui se passe ensuite",
    next_compare="Les plateformes qui participent comparent les empreintes avec ce qui est mis en ligne "
    "chez elles. Cela "
    "peut prendre quelques jours.",
    next_block="Quand elles trouvent une copie, elles peuvent la supprimer et bloquer de nouveaux envois.",
    next_limits="Cela n’agit pas dans les messageries chiffrées, ni sur les plateformes qui ne participent "
    "pas, ni sur "
    "les copies très modifiées.",
    ask_title="Pour savoir où en est le dossier",
    ask="Contactez-nous et donnez notre référence. Vous n’avez pas à dire votre nom.",
    ask_program="Ou utilisez le programme takedown sur votre propre ordinateur. Il demande le numéro de dossier :",
    withdraw_title="Pour retirer le dossier",
    withdraw="Vous pouvez retirer le dossier à tout moment, sans donner de raison : contactez-nous, ou utilisez le "
    "programme :",
    talk="Si vous êtes en danger, ou si vous voulez parler à quelqu’un, contactez-nous ou une autre ligne d’écoute.",
)
