"""Whose file is next: callers take turns, and one that takes long steps back behind the others.

It guarantees that every file of every caller comes once, and that a large, slow or poisonous folder holds up nobody
while others have work. It must never look into a file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from takedown_cli.helpline.run.folder import Folder
from takedown_cli.model import Failed, Found, Outcome, Skipped

#: Callers whose folders are open at once. More would mean more work to do again after a crash.
AT_ONCE: Final = 4
#: A caller that has had so many seconds of decoding, files in parallel counted apart, goes behind the others.
PATIENCE: Final = 20.0

Files = Iterator[Found | Skipped | Failed]


class Rota:
    """The callers in work. ``more`` gives further ones to begin with, or none when there are no more.

    ``finished`` hears of each that is done before a file of it is out, ``behind`` of each that steps back.
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
        self._exhausted = False

    def files(self) -> Files:
        """The files of all callers, for a pool."""
        while (turn := self._turn()) is not None:
            lane, (folder, files) = turn
            found = None if folder.set_aside else next(files, None)
            if found is None:
                folder.walked = True
                if folder.done:
                    self._finished(folder)
                continue
            lane.append((folder, files))
            folder.out += 1
            self._owners.setdefault(found.path, deque()).append(folder)
            yield found

    def owner(self, outcome: Outcome) -> Folder:
        """Whose file this was; each of two callers that name the same file gets its own outcome."""
        waiting = self._owners[outcome.path]
        folder = waiting.popleft()
        if not waiting:
            del self._owners[outcome.path]
        return folder

    def _turn(self) -> tuple[deque[tuple[Folder, Files]], tuple[Folder, Files]] | None:
        """The next caller, taken out of its lane, and the lane to put it back into."""
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
