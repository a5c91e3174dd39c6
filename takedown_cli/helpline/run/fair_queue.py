"""Decides whose file is hashed next: callers take turns, and a slow one goes behind the others.

So a large, slow or hostile folder does not hold up the other callers.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from takedown_cli.core.model import Failed, Found, Outcome, Skipped, count_of_archive
from takedown_cli.helpline.run.folder import Folder

#: Callers whose folders are open at once. More callers would mean more work to repeat after a crash.
AT_ONCE: Final = 4
#: Seconds of decoding after which a caller goes behind the others. Files decoded in parallel each count.
PATIENCE: Final = 20.0

Files = Iterator[Found | Skipped | Failed]


class FairQueue:
    """The callers whose files are being hashed. ``more`` returns further callers, or none if there are no more.

    ``finished`` is called for each caller that is done while none of its files is being hashed. ``behind`` is called
    for each caller that goes behind the others.
    """

    def __init__(
        self,
        more: Callable[[], list[Folder]],
        finished: Callable[[Folder], None],
        behind: Callable[[Folder], None],
    ) -> None:
        self._more, self._finished, self._behind = more, finished, behind
        self._quick: deque[tuple[Folder, Files]] = deque()
        self._slow: deque[tuple[Folder, Files]] = deque()
        self._owners: dict[Path, deque[Folder]] = {}
        self._came: dict[Path, Counter[int]] = {}
        self._exhausted = False

    def files(self) -> Files:
        """Yield the files of all callers, for a pool."""
        while (turn := self._turn()) is not None:
            lane, (folder, files) = turn
            found = None if folder.set_aside else next(files, None)
            if found is None:
                folder.walked = True
                if folder.is_finished:
                    self._finished(folder)
                continue
            lane.append((folder, files))
            folder.in_pool += 1
            self._owners.setdefault(found.path, deque()).append(folder)
            yield found

    def owner(self, outcome: Outcome) -> Folder:
        """Return whose file this was. Two callers who name the same file get an outcome each."""
        waiting = self._owners[outcome.path]
        if count := count_of_archive(outcome):
            # Of an archive that two callers name, the first outcome of each member is the first caller's.
            came = self._came.setdefault(outcome.path, Counter())
            number = 0 if outcome.member is None else outcome.member.number
            folder = waiting[min(came[number], len(waiting) - 1)]
            came[number] += 1
            if came.total() == len(waiting) * count:
                del self._owners[outcome.path], self._came[outcome.path]
            return folder
        folder = waiting.popleft()
        if not waiting:
            del self._owners[outcome.path]
        return folder

    def _turn(self) -> tuple[deque[tuple[Folder, Files]], tuple[Folder, Files]] | None:
        """Take the next caller out of its lane. Return it, and the lane to put it back into."""
        if len(self._quick) < AT_ONCE and not self._exhausted:
            begun = self._more()
            self._exhausted = not begun
            self._quick.extend((folder, folder.files()) for folder in begun)
        while self._quick:
            one = self._quick.popleft()
            if one[0].seconds <= PATIENCE:
                return self._quick, one
            self._slow.append(one)
            self._behind(one[0])
            if not self._quick and not self._exhausted:
                return self._turn()
        return (self._slow, self._slow.popleft()) if self._slow else None
