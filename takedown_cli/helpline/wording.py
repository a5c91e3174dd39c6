"""The sentences of a slip in English, which are the keys of the catalogues, and the same in another language."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from takedown_cli.locale.language import Language, tags

#: BCP 47 tags of the languages in which a slip can be handed out, English first.
LANGUAGES: Final = tags()
#: What is about the case number and about withdrawing. The English stands beneath it until a native speaker has read
#: the translation: a wrong word there can make somebody lose the number, or withdraw by mistake.
CLEARLY: Final = frozenset(
    {
        "number",
        "number_own",
        "keep",
        "ask_page",
        "ask_program",
        "ask_type",
        "withdraw_title",
        "withdraw",
        "withdraw_page",
    }
)


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences of a slip: short, without a number inside one, since plural forms differ by language.

    ``outside`` and ``fold`` are read before the slip is opened. ``for_child``, ``for_parent`` and ``for_adult`` are for
    the person who gets the slip.
    """

    outside: str = "For one person only. Please do not open it if it is not for you."
    fold: str = "Fold the lower part up to this line, with the text inside, and close it."
    title: str = "Your case"
    reference: str = "Our reference"
    number: str = "Your case number"
    number_own: str = "Your case number is the one you saw when you prepared the case yourself. We do not know it."
    keep: str = (
        "Keep the number in a safe place. Nobody can recover it. Anybody who has it can see what happens to "
        "the case and withdraw it. Your name is not stored with it."
    )
    done_title: str = "What has been done"
    done: str = (
        "Fingerprints of your pictures and videos were sent. The pictures and videos themselves were not "
        "sent, and nobody had to look at them."
    )
    sent: str = "Sent on"
    protected: str = "Pictures and videos"
    unprotected: str = "Could not be protected (please ask us)"
    ends: str = "The case ends by itself on"
    next_title: str = "What happens next"
    next_compare: str = (
        "Platforms that take part compare the fingerprints with what is uploaded to them. This can take a few days."
    )
    next_block: str = "Where they find a copy, they can remove it and block new uploads."
    next_limits: str = (
        "It does not work in encrypted messengers, on platforms that do not take part, or for copies that "
        "were changed a lot."
    )
    ask_title: str = "How to ask what has happened"
    ask: str = "Contact us and give our reference. You do not need to say your name."
    ask_program: str = "Or use the program takedown on your own computer. It asks for the case number:"
    ask_page: str = "Or open this page and type the case number. There you can also withdraw the case:"
    ask_type: str = "Type the number when the program asks for it. It then shows what platforms answered."
    withdraw_title: str = "How to withdraw it"
    withdraw: str = "You can withdraw the case at any time, without giving a reason: contact us, or use the program:"
    withdraw_page: str = (
        "You can withdraw the case at any time, without giving a reason: contact us, or use the page above."
    )
    talk: str = "If you are in danger, or want to talk to somebody, contact us or another helpline."
    from_title: str = "From"
    not_your_fault: str = "This is not your fault."
    for_child: str = (
        "You did the right thing by telling somebody. You can stop at any time, and nobody here is angry with you."
    )
    for_parent: str = "It is not your child’s fault either. It helps most if you stay calm, listen, and do not punish."
    for_adult: str = "You decide what happens, and you can change your mind at any time."
    unreviewed: str = "This translation has not been checked by a native speaker yet."


ENGLISH: Final = Wording()


def sentences_in(language: Language) -> Wording:
    """Return the sentences of a slip in this language."""
    return Wording(**{each.name: language.say(getattr(ENGLISH, each.name)) for each in fields(Wording)})
