"""A bundle: made from outcomes, read and verified, bound to an intake, written to a file.

The command line makes and reads bundles with it too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, Self, get_args

from takedown_cli.core.clock import SYSTEM
from takedown_cli.core.errors import BundleError, SealError, TooLargeError, UsageError
from takedown_cli.core.model import Hashed, Outcome

if TYPE_CHECKING:
    from takedown_cli.api.run import StrPath
    from takedown_cli.hashing.matching import HashList
    from takedown_cli.hashing.pipeline import Declared
    from takedown_cli.helpline.case import Authority, Behalf
    from takedown_cli.protocol.bundle.document import Bundle as Payload
    from takedown_cli.protocol.bundle.document import Item
    from takedown_cli.protocol.bundle.export import Exported
    from takedown_cli.protocol.case_number import CaseNumber
    from takedown_cli.protocol.lists import ListName
    from takedown_cli.protocol.wire import Age, Audience, IntakeCard

Format = Literal["stopncii", "ncmec", "tx", "vpdq", "csv"]


class ItemCollector:
    """Keeps what of each outcome goes into a bundle. ``found`` counts pictures and videos, duplicates too."""

    def __init__(self, declared: Declared, *, exact: bool) -> None:
        self._declared, self._exact = declared, exact
        self._items: list[Item] = []
        self._fingerprints = 0
        #: Files of which not every fingerprint had a place.
        self.shortened = 0

    def add(self, outcome: Outcome) -> None:
        """Keep the outcome, if a platform could match it. Raise TooLargeError as soon as no bundle could hold it."""
        from takedown_cli.protocol.bundle.document import MAX_FINGERPRINTS, MAX_ITEMS, count_left_out

        left_out = 0
        for part in outcome.parts() if isinstance(outcome, Hashed) else ():
            for item in self._declared.items(part, exact=self._exact):
                left_out += count_left_out(part, item, exact=self._exact)
                self._items.append(item)
                self._fingerprints += len(item.fingerprints)
        self.shortened += left_out > 0
        if len(self._items) > MAX_ITEMS or self._fingerprints > MAX_FINGERPRINTS:
            raise TooLargeError

    @property
    def found(self) -> int:
        return len(self._items)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The items, equal ones once. Read this after the last ``add``."""
        from takedown_cli.protocol.bundle.document import canonical_items

        return canonical_items(self._items)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle. ``make``, ``read`` and ``parse`` return one; nothing else should.

    ``data`` is the bytes of its file. ``audience`` is the one intake that it is for (origin and key id), or None.
    ``countersigners`` are the public keys (32 bytes each) of those who signed beside the case. ``case`` is its case
    number, where that is known: the only key to the case, which a person has to see before the bundle is sent.
    """

    data: bytes = field(repr=False)
    audience: Audience | None = None
    countersigners: tuple[bytes, ...] = field(default=(), repr=False)
    case: CaseNumber | None = field(default=None, repr=False)
    _payload: Payload | None = field(default=None, repr=False)

    @classmethod
    def make(
        cls,
        outcomes: Iterable[Outcome],
        *,
        age: Age = "unsure",
        ages: Mapping[StrPath, Age] | None = None,
        behalf: Behalf = "self",
        authority: Authority | None = None,
        case: CaseNumber | None = None,
        adds: bool = False,
        card: IntakeCard | None = None,
        exact: bool = False,
        test: bool = False,
    ) -> Self:
        """Return a signed bundle of everything in ``outcomes`` that platforms can match; take them all first.

        ``age`` is that of the person when the pictures were taken: ``under-18``, ``adult`` or ``unsure``, which counts
        as under 18. ``ages`` names it for single files or folders, spelled as in the outcomes; the deepest one decides.
        ``behalf`` is who acts, ``self`` or for a ``child`` or ``other``, who needs an ``authority``: ``permission``,
        ``parent-or-guardian`` or ``law``.

        Without ``case`` a new case number is drawn: the bundle's ``case``, which has to be shown once. With ``adds``
        the bundle adds to the case of that number. With the ``card`` of an intake it is sealed, so that only this
        intake and the case number open it. ``exact`` puts MD5 and SHA-256 of pictures in too, ``test`` marks it as a
        test.

        Raise NothingToDoError if there is nothing to protect, TooLargeError for more than one bundle holds (20,000
        items, 50,000 fingerprints), UsageError for other words than the ones above.
        """
        named = tuple((Path(path), one) for path, one in (ages or {}).items())
        declared = _declare(behalf, authority, age, named)
        collected = ItemCollector(declared, exact=exact)
        for outcome in outcomes:
            collected.add(outcome)
        return cls.of_items(collected.items, declared, case=case, adds=adds, card=card, test=test)

    @classmethod
    def of_items(
        cls,
        items: Iterable[Item],
        declared: Declared,
        *,
        case: CaseNumber | None = None,
        adds: bool = False,
        card: IntakeCard | None = None,
        test: bool = False,
        nonce: str | None = None,
    ) -> Self:
        """Return a signed bundle of items that are there already; the rest is as for ``make``.

        ``nonce`` (32 hexadecimal digits) is for bundles that have to be equal byte for byte.
        """
        from takedown_cli.hashing import pipeline
        from takedown_cli.protocol.case_number import CaseNumber

        if adds and case is None:
            raise UsageError("A bundle that adds to a case needs the number of that case.")
        number = CaseNumber.draw() if case is None else case
        payload, data = pipeline.bundle(
            items, number, declared, day=SYSTEM.day(), card=card, nonce=nonce, adds=adds, test=test
        )
        return cls(data, payload.audience, case=number, _payload=payload)

    @classmethod
    def read(cls, path: StrPath, case: CaseNumber | None = None) -> Self:
        """Read and verify a bundle file. A sealed one is opened with its ``case`` number.

        Raise UsageError if the file cannot be read, and what ``parse`` raises.
        """
        try:
            with Path(path).open("rb") as stream:
                return cls.parse(read_bytes(stream), case)
        except (OSError, ValueError):
            raise UsageError("The bundle cannot be read.", hint="Check its name, and that you may read it.") from None

    @classmethod
    def parse(cls, data: bytes, case: CaseNumber | None = None) -> Self:
        """Verify the bytes of a bundle file. A sealed one is opened with its ``case`` number, or stays sealed.

        Raise BundleError for what is no bundle or belongs to another case, SignatureError if it was changed, SealError
        if ``case`` does not open it.
        """
        from takedown_cli.protocol.bundle import file, seal

        if file.is_sealed(data):
            outside = seal.parse(data)
            if outside.kind != "bundle":
                raise BundleError
            if case is None:
                return cls(data, outside.audience)
            opened = file.open_sealed(data, case)
            if opened.bundle.audience != outside.audience:
                raise BundleError("The bundle is for another intake than its outside says.")
        else:
            opened = file.open_signed(data)
            if case is not None and case.lookup_id() != opened.bundle.case.lookup_id:
                raise BundleError("The bundle is valid, but it belongs to another case number.")
        payload = opened.bundle
        return cls(data, payload.audience, opened.countersigners, case, payload)

    @property
    def sealed(self) -> bool:
        """Whether only its intake and its case number open it."""
        from takedown_cli.protocol.bundle.file import is_sealed

        return is_sealed(self.data)

    @property
    def opened(self) -> bool:
        """Whether it can be read: it has no seal, or was opened with its case number."""
        return self._payload is not None

    @property
    def payload(self) -> Payload:
        """What it says: declaration, day, items. Raise SealError if it was not opened."""
        if self._payload is None:
            raise SealError("The bundle is sealed, so it cannot be read.")
        return self._payload

    @property
    def items(self) -> tuple[Item, ...]:
        """The pictures and videos, numbered from 1 in this order. Raise SealError if it was not opened."""
        return self.payload.items

    def sealed_for(self, card: IntakeCard) -> Self:
        """Return the bundle sealed for the intake of ``card``; one that is sealed already stays as it is."""
        from takedown_cli.protocol.bundle.card import audience_of
        from takedown_cli.protocol.bundle.file import seal_for

        if self.sealed:
            return self
        own_key = None if self.case is None else self.case.bundle_key()
        return replace(self, data=seal_for(self.data, card, own_key), audience=audience_of(card))

    def write(self, path: StrPath, *, force: bool = False) -> None:
        """Write the file with mode 0600, in one step. Raise OutputError, also if it exists and ``force`` is not set."""
        from takedown_cli.core.atomic_file import write_file

        write_file(Path(path), self.data, force=force)

    def hash_list(self) -> HashList:
        """Return the list that platforms would match with; its items have the numbers of ``items``. Raise SealError."""
        from takedown_cli.hashing.matching import HashList

        return HashList.of_items(self.items)

    def export(self, form: Format, *, only: ListName | None = None, numbers: Collection[int] | None = None) -> Exported:
        """Return the hashes in the format of another service, with what the format could not hold.

        ``only`` takes the items of one list, ``under-18`` or ``adult``; ``numbers`` takes single items, from 1. A file
        of ``vpdq`` is for one video, so name its number. The result has no data if it holds no hash.

        Raise SealError, and UsageError for an unknown format or number.
        """
        from takedown_cli.protocol.bundle.export import FORMATS, export_items
        from takedown_cli.protocol.lists import list_of_age

        if form not in FORMATS:
            raise UsageError(f"The format must be one of: {', '.join(FORMATS)}.")
        if not {*(numbers or ())} <= {*range(1, len(self.items) + 1)}:
            raise UsageError("The bundle has no item with that number.", hint="Numbers count from 1.")
        chosen = [
            (number, item)
            for number, item in enumerate(self.items, start=1)
            if (numbers is None or number in numbers) and (only is None or list_of_age(item.age) == only)
        ]
        if FORMATS[form].single and len(chosen) > 1:
            raise UsageError(f"A file of the format {form} is for one video. Name its number.")
        return export_items(chosen, form, self.payload.created)


def read_bytes(stream: BinaryIO) -> bytes:
    """Return the bytes of a bundle file. Raise OSError, and BundleError for more than any bundle has."""
    from takedown_cli.core.given_text import is_utf16
    from takedown_cli.protocol.bundle.file import MAX_SIZE

    data = stream.read(MAX_SIZE + 1)
    if len(data) > MAX_SIZE:
        raise BundleError
    if is_utf16(data):
        raise BundleError(
            "The bundle was changed: a shell wrote it as text, as PowerShell does with '>'.",
            hint="Make it again, and name the file with -o.",
        )
    return data


def _declare(behalf: Behalf, authority: Authority | None, age: Age, by_path: tuple[tuple[Path, Age], ...]) -> Declared:
    """Return the declarations. Raise UsageError for a word that is none of the allowed ones."""
    from takedown_cli.hashing.pipeline import Declared
    from takedown_cli.helpline.case import Authority, Behalf
    from takedown_cli.protocol.bundle.document import Declaration
    from takedown_cli.protocol.wire import Age as Ages

    if not {age, *(one for _, one in by_path)} <= {*get_args(Ages)}:
        raise UsageError(f"The age must be one of: {', '.join(get_args(Ages))}.")
    try:
        declaration = Declaration(behalf=behalf, authority=authority)
    except ValueError:
        raise UsageError(
            f"'behalf' must be one of: {', '.join(get_args(Behalf))}. "
            f"Acting for somebody else needs an authority: {', '.join(get_args(Authority))}."
        ) from None
    return Declared(declaration, age, by_path)
