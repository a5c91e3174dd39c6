"""A real intake on loopback, and platforms that joined it from folders of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from takedown_cli.core.clock import SYSTEM, Clock
from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running
from takedown_cli.platform.feed_reader import FeedReader
from takedown_cli.platform.home import Home, Settings, make_settings
from takedown_cli.platform.local_list import Kind, LocalList
from takedown_cli.platform.pull import Pulled, pull
from tests.intake.person import Person


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("intake") / "home", name="Test intake") as server:
        yield server


@pytest.fixture
def person(intake: Running) -> Person:
    return Person(intake.origin, intake.card)


@dataclass
class Site:
    """A platform: its folder, and the settings with which it joined."""

    home: Home
    settings: Settings
    token: str

    def reader(self, proxy: str | None = None) -> FeedReader:
        return FeedReader(self.settings.address, self.settings.token, proxy)

    def pull(self, proxy: str | None = None, *, afresh: bool = False, clock: Clock = SYSTEM) -> Pulled:
        with self.reader(proxy) as reader, LocalList(self.home.list_file, make=True) as local:
            return pull(reader, self.settings, local, afresh=afresh, now=clock.seconds)

    def clips(self) -> dict[str, tuple[set[str], Kind]]:
        """Id → frames and kind of the clips on the local list."""
        with LocalList(self.home.list_file) as local, local.reading():
            kinds = local.kinds()
            return {
                key.hex(): ({frames[at : at + 32].hex() for at in range(0, len(frames), 32)}, kinds[kind])
                for key, frames, kind in local.clips()
            }

    def held(self) -> dict[str, str]:
        """Value → id of the records on the local list."""
        with LocalList(self.home.list_file) as local:
            return {value.hex(): key.hex() for key, value, _ in local.rows()}


@pytest.fixture
def new_site(intake: Running, tmp_path: Path) -> Callable[..., Site]:
    def make(name: str = "site", *, clips: bool = False, **chosen: tuple[str, ...]) -> Site:
        keys = intake.add_participant(f"{name} {uuid4().hex[:6]}")
        token = keys.endpoints["feed"]
        lists, tiers, classes = (chosen.get(word, ()) for word in ("lists", "tiers", "classes"))
        settings = make_settings(intake.address, token, lists, tiers, classes, 7, clips=clips)
        home = Home(tmp_path / name)
        home.save(settings)
        return Site(home, settings, token)

    return make


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    return new_site()
