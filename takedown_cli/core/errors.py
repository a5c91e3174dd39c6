"""The one error tree: every way a command can end badly, with its exit code, sentence and advice.

An error can be shown as it is: it holds no path, hash, case number or text of a foreign exception.
"""

from __future__ import annotations

from typing import ClassVar


class TakedownError(Exception):
    """Base of every error that a command may end with.

    Class attributes: ``id`` (stable, kebab-case), ``exit_code`` (see ``docs/reference``), ``sentence`` (what
    happened) and ``hint`` (what to do next). An instance may replace the sentence or the hint with a more exact one.
    Neither may hold a path, a hash or a case number.
    """

    id: ClassVar[str] = "bug"
    exit_code: ClassVar[int] = 1
    sentence: str = "Something went wrong inside takedown."
    hint: str = "Please report it. Run it again with --debug to see where it happened."

    def __init__(self, sentence: str | None = None, *, hint: str | None = None) -> None:
        if sentence is not None:
            self.sentence = sentence
        if hint is not None:
            self.hint = hint
        super().__init__(self.sentence)


class DecoderStartError(TakedownError):
    id = "decoder-start"
    sentence = "The protected process that reads pictures could not be started."
    hint = "Run 'takedown doctor'. If memory is short, close other programs or use --workers 1."


class UsageError(TakedownError):
    id = "usage"
    exit_code = 2
    sentence = "This command cannot be run as it was typed."
    hint = "See the command's --help."


class ConfigError(UsageError):
    id = "config"
    sentence = "A setting is not valid."
    hint = "Run 'takedown config show' to see each setting and where it comes from."


class NoIntakeError(ConfigError):
    id = "no-intake"
    sentence = "No intake is named, so there is no server to contact."
    hint = (
        "Name one with --intake URL, TAKEDOWN_INTAKE or the settings file. "
        "If you need help now: takeitdown.ncmec.org (picture taken under 18), stopncii.org (18 or over), "
        "or a helpline in your country."
    )


class OutputError(UsageError):
    id = "output"
    sentence = "The output file could not be written."
    hint = "Choose another place with -o, or replace an existing file with --force. No half-written file was left."


class ManifestError(UsageError):
    id = "manifest"
    sentence = "The manifest has faults. Nothing was started and nothing was sent."
    hint = "Correct the listed rows. To check again without sending, run:\n  takedown batch run MANIFEST --dry-run"


class OrganisationKeyError(UsageError):
    id = "organisation-key"
    sentence = "The organisation's key cannot be used."
    hint = "Check where the key is kept. 'takedown keys --help' lists the possible places."


class PassphraseError(OrganisationKeyError):
    id = "passphrase"
    sentence = "The passphrase is wrong, or the key was changed."
    hint = "Try again. Nobody can recover a passphrase."


class MissingExtraError(UsageError):
    id = "missing-extra"
    sentence = "This command needs an optional part of takedown that is not installed."
    hint = "In a clone of takedown, install it with: pip install '.[intake]'."


class CaseNumberError(UsageError):
    id = "case-number"
    sentence = "This is not a valid case number: a character is mistyped, or two are swapped."
    hint = "Compare it with the number that you wrote down. Nothing was sent."


class NothingToDoError(TakedownError):
    id = "nothing-to-do"
    exit_code = 4
    sentence = "No picture or video was found that could be protected."
    hint = "Check the folder. 'takedown doctor' lists the formats that can be read."


class BundleError(TakedownError):
    id = "bundle-invalid"
    exit_code = 5
    sentence = "This is not a valid takedown bundle."
    hint = "Make it again with 'takedown hash'. Do not send it."


class SignatureError(BundleError):
    id = "signature-invalid"
    sentence = "The signature does not match. The bundle was changed or damaged after it was made."


class SealError(BundleError):
    id = "seal"
    sentence = "The bundle is sealed, and this key does not open it."
    hint = "Add --case - and type its case number. Without the number, only the bundle's intake can open it."


class TooLargeError(BundleError):
    id = "bundle-too-large"
    sentence = "The bundle is larger than an intake accepts."
    hint = "Send the folder in parts, or without predicted copies (--copies none)."


class LedgerError(TakedownError):
    id = "ledger"
    exit_code = 5
    sentence = "The ledger is damaged. Nothing was changed in it."
    hint = "Keep this file, and continue with your last copy of it."


class LedgerKeyError(LedgerError):
    id = "ledger-key"
    sentence = "The ledger was made with another organisation's key, or its beginning is damaged."
    hint = "Name the key that the ledger was made with, as --key URI."


class IntakeDatabaseError(TakedownError):
    id = "intake-database"
    exit_code = 5
    sentence = "The intake's database is damaged."
    hint = "Stop the intake, and restore the latest good backup."


class ListError(TakedownError):
    id = "list"
    exit_code = 5
    sentence = "The local list is damaged."
    hint = "Delete the file list.db in the platform's folder, then run 'takedown platform pull'."


class RefusedError(TakedownError):
    id = "refused"
    exit_code = 6
    sentence = "The intake refused the request, and would refuse it again."
    hint = "Nothing was registered."


class ConflictError(RefusedError):
    id = "conflict"
    sentence = "The intake already has a case under this number with other content."
    hint = "To add pictures to that case, add --case -. Otherwise make a new bundle."


class UntrustedIntakeError(RefusedError):
    id = "intake-untrusted"
    sentence = "The server's key or answer is not the expected one, so nothing more was sent."
    hint = "Do not continue. Ask the helpline for the intake's address, with the key after '#', and compare the two."


class UnreachableError(TakedownError):
    id = "unreachable"
    exit_code = 7
    sentence = "The intake cannot be reached, or is busy."
    #: Seconds that a busy intake asks us to wait before we try again, if it named a time.
    retry_after: int | None = None
    #: Whether asking again at once cannot help.
    lasting = False
    hint = "Try again later."


class StaleListError(TakedownError):
    id = "list-too-old"
    exit_code = 7
    sentence = "The local list is too old to be used."
    hint = "Run 'takedown platform pull' first."


class DeclinedError(TakedownError):
    id = "declined"
    exit_code = 8
    sentence = "Not confirmed. Nothing was sent."
    hint = "Run it again and confirm, or add --yes."
    #: Whether a person was asked and said no, which is no error.
    chosen = False


class NoSuchCaseError(TakedownError):
    id = "no-such-case"
    exit_code = 9
    sentence = "The intake has no such case."
    hint = "Check the number. Check that the case was sent to this intake."


class InterruptedByUser(TakedownError):  # noqa: N818 - not an error of the program
    id = "interrupted"
    exit_code = 130
    sentence = "Stopped. No half-written file was left."
    hint = "Run the same command again to continue."


class Interrupted(KeyboardInterrupt):
    """The process was asked to stop; ``exit_code`` is 128 + signal number.

    A command for which the default sentence or advice would be wrong sets ``sentence`` and ``hint``.
    """

    sentence: str | None = None
    hint: str | None = None

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


def every_error() -> list[type[TakedownError]]:
    """Return the classes above, parents first. The page of exit codes is generated from them."""
    found: list[type[TakedownError]] = [TakedownError]
    for cls in found:
        found.extend(kind for kind in cls.__subclasses__() if kind.__module__ == __name__)
    return found
