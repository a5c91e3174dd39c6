"""The one error tree: every way a command can end badly, with its exit code, sentence and advice.

It guarantees that an error can be shown as it is: no path, hash, case number or foreign exception text is in it.
It must never import anything of ours, nor a library.
"""

from __future__ import annotations

from typing import ClassVar


class TakedownError(Exception):
    """Base of every error that a command may end with.

    Class attributes: ``id`` (stable, kebab-case), ``exit_code`` (see ``docs/reference``), ``sentence`` (what
    happened) and ``hint`` (what to do next). An instance may replace the sentence or the hint with a more exact one;
    both must stay free of paths, hashes and case numbers.
    """

    id: ClassVar[str] = "bug"
    exit_code: ClassVar[int] = 1
    sentence: str = "Something went wrong inside takedown."
    hint: str = "Please report it; run again with --debug to see where it happened."

    def __init__(self, sentence: str | None = None, *, hint: str | None = None) -> None:
        if sentence is not None:
            self.sentence = sentence
        if hint is not None:
            self.hint = hint
        super().__init__(self.sentence)


class DecoderStartError(TakedownError):
    id = "decoder-start"
    sentence = "The protected process that reads pictures could not be started."
    hint = "Run 'takedown doctor'; if memory is short, close other programs or use --workers 1."


class UsageError(TakedownError):
    id = "usage"
    exit_code = 2
    sentence = "The command cannot be carried out as it was given."
    hint = "See the command's --help."


class ConfigError(UsageError):
    id = "config"
    sentence = "A setting cannot be used."
    hint = "Run 'takedown config show' to see each setting and where it comes from."


class NoIntakeError(ConfigError):
    id = "no-intake"
    sentence = "No intake is named, so there is nobody to send to or to ask."
    hint = (
        "Name one with --intake URL, or TAKEDOWN_INTAKE, or in the settings file. "
        "If you need help now: takeitdown.ncmec.org (picture taken under 18), stopncii.org (18 or over), "
        "or a helpline in your country."
    )


class OutputError(UsageError):
    id = "output"
    sentence = "The output file could not be written."
    hint = "Choose another place with -o, or use --force to replace an existing file. Nothing was half-written."


class ManifestError(UsageError):
    id = "manifest"
    sentence = "The manifest has faults, so nothing was begun and nothing was sent."
    hint = "Correct the rows that are named, and run it again; 'takedown batch run --dry-run' only looks."


class OrganisationKeyError(UsageError):
    id = "organisation-key"
    sentence = "The organisation's key cannot be used."
    hint = "Check where it is kept; 'takedown keys --help' says what there is."


class PassphraseError(OrganisationKeyError):
    id = "passphrase"
    sentence = "The passphrase is wrong, or the key was changed."
    hint = "Try again; nobody can recover a passphrase."


class MissingExtraError(UsageError):
    id = "missing-extra"
    sentence = "This command needs an optional part of takedown that is not installed."
    hint = "Install it: pip install 'takedown-cli[intake]'."


class CaseNumberError(UsageError):
    id = "case-number"
    sentence = "That is not a valid case number: a character is missing, added or mistyped."
    hint = "Compare it with what was shown when the case was made. Nothing was sent."


class NothingToDoError(TakedownError):
    id = "nothing-to-do"
    exit_code = 4
    sentence = "No picture or video was found that could be protected."
    hint = "Check the folder; 'takedown doctor' lists the formats that can be read."


class BundleError(TakedownError):
    id = "bundle-invalid"
    exit_code = 5
    sentence = "This is not a valid takedown bundle."
    hint = "Make it again with 'takedown hash'. Do not send it."


class SignatureError(BundleError):
    id = "signature-invalid"
    sentence = "The signature does not match: the bundle was changed or damaged after it was made."


class SealError(BundleError):
    id = "seal"
    sentence = "The bundle is sealed, and this key cannot open it."
    hint = "Give the case number it was made with (--case -), or open it at the intake it is meant for."


class TooLargeError(BundleError):
    id = "bundle-too-large"
    sentence = "The bundle is larger than an intake accepts."
    hint = "Split the folder, or ask for fewer predicted copies (--copies none)."


class LedgerError(TakedownError):
    id = "ledger"
    exit_code = 5
    sentence = "The ledger is damaged; nothing was changed in it."
    hint = "Keep this file, and go on with the last copy of it."


class LedgerKeyError(LedgerError):
    id = "ledger-key"
    sentence = "The ledger was made with the key of another organisation, or is damaged at its beginning."
    hint = "Name the key it was made with (--key)."


class IntakeDatabaseError(TakedownError):
    id = "intake-database"
    exit_code = 5
    sentence = "The intake's database is not whole."
    hint = "Stop the intake, and restore the latest good backup."


class RefusedError(TakedownError):
    id = "refused"
    exit_code = 6
    sentence = "The intake refused the request, and will refuse it again."
    hint = "Read the reason; nothing was registered."


class ConflictError(RefusedError):
    id = "conflict"
    sentence = "The intake already has a case under this number with other content."
    hint = "To add pictures to that case use --case -; otherwise make a new bundle."


class UntrustedIntakeError(RefusedError):
    id = "intake-untrusted"
    sentence = "The intake's key or answer is not the one that was expected, so nothing more was sent."
    hint = "Ask the helpline for its intake address with the key in it; do not go on until they agree."


class UnreachableError(TakedownError):
    id = "unreachable"
    exit_code = 7
    sentence = "The intake cannot be reached, or is busy."
    #: Seconds after which a busy intake wants to be asked again, where it said.
    retry_after: int | None = None
    hint = "Try again later. Sending the same bundle file again can never make two cases."


class DeclinedError(TakedownError):
    id = "declined"
    exit_code = 8
    sentence = "Nothing was sent, because it was not confirmed."
    hint = "Run again and confirm, or add --yes."


class NoSuchCaseError(TakedownError):
    id = "no-such-case"
    exit_code = 9
    sentence = "The intake knows no such case."
    hint = "Check the number, and that the intake is the one the case was sent to."


class InterruptedByUser(TakedownError):  # noqa: N818 - not an error of the program
    id = "interrupted"
    exit_code = 130
    sentence = "Interrupted. Nothing half-written was left behind."
    hint = "Run the same command again to go on."


def every_error() -> list[type[TakedownError]]:
    """The classes above, parents first, whatever else is loaded; the page of exit codes is generated from them."""
    found: list[type[TakedownError]] = [TakedownError]
    for cls in found:
        found.extend(kind for kind in cls.__subclasses__() if kind.__module__ == __name__)
    return found
