"""The texts of a slip in English. It guarantees one for each field. It must never hold anything about a case."""

from typing import Final

from takedown_cli.helpline.wording.texts import Wording

TEXTS: Final = Wording(
    name="English",
    direction="ltr",
    outside="For one person only. Please do not open it if it is not for you.",
    fold="Fold the lower part up to this line, print inside, and close it.",
    title="Your case",
    reference="Our reference",
    number="Your case number",
    number_own="Your case number is the one you were shown when you prepared the case yourself. We do not know it.",
    keep="Keep the number in a safe place. Nobody can recover it. Whoever has it can see what "
    "happens to the case, and "
    "take it back. Your name is not stored with it.",
    done_title="What has been done",
    done="Fingerprints of your pictures and videos were sent. The pictures and videos themselves were not sent, and "
    "nobody had to look at them.",
    sent="Sent on",
    protected="Pictures and videos",
    unprotected="Could not be protected (please ask us)",
    ends="The case ends by itself on",
    next_title="What happens next",
    next_compare="Platforms that take part compare the fingerprints with what is uploaded to them. It can take some "
    "days.",
    next_block="Where they find a copy, they can remove it and block new uploads.",
    next_limits="It does not work in encrypted messengers, on platforms that do not take part, or for "
    "copies that were "
    "changed a lot.",
    ask_title="How to ask what has happened",
    ask="Contact us and give our reference. You need not say your name.",
    ask_program="Or use the program takedown on your own computer. It asks for the case number:",
    withdraw_title="How to take it back",
    withdraw="You can take the case back at any time, without giving a reason: contact us, or use the program:",
    talk="If you are in danger, or want to talk to somebody, contact us or another helpline.",
)
