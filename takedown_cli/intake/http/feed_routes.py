"""The routes of the platforms' feeds: between HTTP and the service.

No body is read before the participant's keys are verified. All invalid keys get the same answer.
"""

from __future__ import annotations

import base64
import binascii
import gzip
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial, wraps
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from takedown_cli.intake.cases.participants import Participant
from takedown_cli.intake.feeds import clips, cursor, native, ncmec, stopncii
from takedown_cli.intake.http.request_bodies import RequestBodies
from takedown_cli.intake.http.strict_json import read_json
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.runtime.thread_pool import ThreadPool
from takedown_cli.intake.service import Intake
from takedown_cli.protocol.feed import SIGNATURE_HEADER, Verdicts

FEEDBACK_LIMIT: Final = 1 << 20
VOTE_LIMIT: Final = 64 * 1024
#: Half of a page is random, so a higher level costs much and saves little.
_GZIP_LEVEL: Final = 1
#: A platform's clock may be this many seconds ahead of ours without missing what is dated meanwhile. Changes that come
#: after such a pull are dated after it, so other platforms may see them this much later.
AHEAD: Final = 30

Handler = Callable[[Request], Awaitable[Response]]
ParticipantHandler = Callable[[Request, Participant], Awaitable[Response]]


def make_routes(intake: Intake, pool: ThreadPool, bodies: RequestBodies) -> list[BaseRoute]:
    """Return the routes of the feeds.

    The native feed: JSON, and one token. The StopNCII API, version 1: JSON, a subscription key and a key for each
    endpoint. The NCMEC Hash Sharing API, version 2: XML and HTTP Basic.
    """
    feeds, base = _FeedHandlers(intake, pool, bodies), "/hashsharing/v2"
    by_keys, by_password, by_token = feeds.with_keys, feeds.with_password, feeds.with_token
    return [
        Route("/v1/feed", by_token(feeds.read_feed), methods=["GET"]),
        Route("/v1/feed/clips", by_token(feeds.read_clips), methods=["GET"]),
        Route("/v1/feed/negative", by_token(feeds.read_negative), methods=["GET"]),
        Route("/v1/feed/verdicts", by_token(feeds.take_verdicts), methods=["POST"]),
        Route("/v1/FetchHashes", by_keys("fetch", feeds.fetch_hashes), methods=["GET"]),
        Route("/v1/SubmitFeedback", by_keys("feedback", feeds.submit_feedback), methods=["POST"]),
        Route("/v1/SubmitHashes", by_keys("submit", feeds.submit_hashes), methods=["POST"]),
        Route(f"{base}/status", by_password(feeds.status), methods=["GET"]),
        Route(f"{base}/members", by_password(feeds.members), methods=["GET"]),
        Route(f"{base}/entries", by_password(feeds.entries), methods=["GET"]),
        Route(f"{base}/feedback/{{kind}}/reasons", by_password(feeds.reasons), methods=["GET"]),
        Route(f"{base}/entries/{{member}}/{{entry}}/{{kind}}/feedback", by_password(feeds.vote), methods=["PUT"]),
    ]


@dataclass(frozen=True, slots=True)
class _FeedHandlers:
    _intake: Intake
    _pool: ThreadPool
    _bodies: RequestBodies

    def with_keys(self, scope: str, handler: ParticipantHandler) -> Handler:
        """Return a handler that lets a participant in by the keys of the StopNCII API."""

        @wraps(handler)
        async def authenticate(request: Request) -> Response:
            endpoint_key = request.headers.get("x-functions-key", "")
            subscription_key = request.headers.get("ocp-apim-subscription-key", "")
            found = partial(self._intake.participant_by_keys, scope, endpoint_key, subscription_key)
            participant = await self._pool.run(found)
            if participant is None:
                return Response(b'{"statusCode":401,"message":"Access denied."}', 401, media_type="application/json")
            return await handler(request, participant)

        return authenticate

    def with_password(self, handler: ParticipantHandler) -> Handler:
        """Return a handler that lets a participant in by HTTP Basic."""

        @wraps(handler)
        async def authenticate(request: Request) -> Response:
            user, password = _read_basic_auth(request.headers.get("authorization", ""))
            participant = await self._pool.run(partial(self._intake.participant_by_password, user, password))
            if participant is None:
                headers = {"www-authenticate": 'Basic realm="hashsharing"'}
                return Response(b"<error/>", 401, headers, "application/xml")
            return await handler(request, participant)

        return authenticate

    def with_token(self, handler: ParticipantHandler) -> Handler:
        """Return a handler that lets a participant in by the token of the native feed (RFC 6750)."""

        @wraps(handler)
        async def authenticate(request: Request) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            given = token.strip() if scheme.lower() == "bearer" else ""
            participant = await self._pool.run(partial(self._intake.participant_by_token, given))
            if participant is None:
                denied = b'{"statusCode":401,"message":"Access denied."}'
                return Response(denied, 401, {"www-authenticate": "Bearer"}, "application/json")
            return await handler(request, participant)

        return authenticate

    async def _pull(self, read_page: Callable[[], tuple[bytes, Future[None]]]) -> bytes:
        """Return a page of a feed when it is on disk that it was given."""
        page, noted = await self._pool.run(read_page)
        await self._pool.wait_for_commit(noted)
        return page

    # -------------------------------------------------------------------------------------------------------- native

    async def read_feed(self, request: Request, participant: Participant) -> Response:
        query = _read_query(request, native.PARAMETERS)
        answer, note_pull = await self._pool.run(partial(self._intake.read_feed, participant, query))
        if _has_already(request, answer):
            return Response(status_code=304, headers={"etag": f'"{answer.tag}"'})
        await self._pool.wait_for_commit(note_pull())
        return await self._feed_page(request, answer)

    async def read_clips(self, request: Request, participant: Participant) -> Response:
        query = _read_query(request, clips.PARAMETERS)
        return await self._feed_page(
            request, await self._pool.run(partial(self._intake.read_clips, participant, query))
        )

    async def read_negative(self, request: Request, _: Participant) -> Response:
        query = _read_query(request, ("cursor",))
        answer = await self._pool.run(partial(self._intake.read_negative, query.get("cursor")))
        return await self._feed_page(request, answer)

    async def _feed_page(self, request: Request, answer: native.Answer) -> Response:
        """Return the answer with a page, or 304 if the reader has this very page."""
        if _has_already(request, answer):
            return Response(status_code=304, headers={"etag": f'"{answer.tag}"'})
        headers = {"etag": f'"{answer.tag}"', SIGNATURE_HEADER: answer.signature, "vary": "accept-encoding"}
        codings = {coding.strip() for coding in request.headers.get("accept-encoding", "").split(",")}
        body = answer.body
        if "gzip" in codings:
            body = await self._pool.run(partial(gzip.compress, body, _GZIP_LEVEL, mtime=0))
            headers["content-encoding"] = "gzip"
        return Response(body, 200, headers, "application/json")

    async def take_verdicts(self, request: Request, participant: Participant) -> Response:
        async with self._bodies.read(request, FEEDBACK_LIMIT) as body:
            given = await self._pool.run(lambda: read_json(Verdicts, body).verdicts)
        met = await self._pool.wait_for_commit(self._intake.take_verdicts(participant, given))
        return Response(b'{"count":%d}' % met, media_type="application/json")

    # ------------------------------------------------------------------------------------------------------ StopNCII

    async def fetch_hashes(self, request: Request, participant: Participant) -> Response:
        query = _read_query(request, stopncii.PARAMETERS)
        since = _read_number(query.get("startTimestamp", "0"), 2**40)
        size = max(1, min(_read_number(query.get("pageSize", str(stopncii.DEFAULT_PAGE)), 2**31), cursor.MAX_PAGE))
        token = query.get("nextPageToken")
        page = await self._pull(partial(self._intake.fetch_hashes, participant, since, size, token))
        return Response(page, media_type="application/json")

    async def submit_feedback(self, request: Request, participant: Participant) -> Response:
        async with self._bodies.read(request, FEEDBACK_LIMIT) as body:
            opinions = await self._pool.run(lambda: read_json(stopncii.Feedbacks, body).opinions())
        met = await self._pool.wait_for_commit(self._intake.take_opinions(participant, opinions))
        return Response(b'{"count":%d}' % met, media_type="application/json")

    async def submit_hashes(self, request: Request, participant: Participant) -> Response:
        async with self._bodies.read(request, FEEDBACK_LIMIT) as body:
            offered = await self._pool.run(lambda: read_json(stopncii.Hashes, body).contributions())
        taken = await self._pool.wait_for_commit(self._intake.take_contributions(participant, offered))
        return Response(b'{"count":%d}' % taken, media_type="application/json")

    # --------------------------------------------------------------------------------------------------------- NCMEC

    async def status(self, request: Request, participant: Participant) -> Response:
        return _xml(ncmec.status_document(participant, _read_basic_auth(request.headers["authorization"])[0]))

    async def members(self, _: Request, __: Participant) -> Response:
        participants = await self._pool.run(self._intake.list_participants)
        return _xml(ncmec.members_document(self._intake.settings.name, participants))

    async def reasons(self, request: Request, _: Participant) -> Response:
        return _xml(ncmec.reasons_document(request.path_params["kind"]))

    async def entries(self, request: Request, participant: Participant) -> Response:
        now = int(self._intake.clock.seconds())
        asked = ncmec.TimeRange.parse(_read_query(request, ncmec.PARAMETERS), now)
        if asked.start is None:  # from now on nothing is dated before the end of this range
            await self._pool.wait_for_commit(self._intake.close_time_range(min(asked.until, now + AHEAD)))
        return _xml(await self._pull(partial(self._intake.fetch_entries, participant, asked)))

    async def vote(self, request: Request, participant: Participant) -> Response:
        async with self._bodies.read(request, VOTE_LIMIT) as body:
            value = ncmec.read_vote(body)
        path = request.path_params
        take_vote = partial(self._intake.take_vote, participant, path["member"], path["entry"], path["kind"], value)
        await self._pool.wait_for_commit(await self._pool.run(take_vote))
        return Response(status_code=204)


def _has_already(request: Request, answer: native.Answer) -> bool:
    """Return whether the reader has this very page (RFC 9110, section 13.1.2)."""
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    return f'"{answer.tag}"' in known


def _xml(document: bytes) -> Response:
    return Response(document, media_type="application/xml")


def _read_basic_auth(header: str) -> tuple[str, str]:
    """Return user name and password (RFC 7617), or two empty strings."""
    scheme, _, encoded = header.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (user, password) if scheme.lower() == "basic" else ("", "")


def _read_query(request: Request, names: Collection[str]) -> dict[str, str]:
    """Return the parameters of a query. Raise Refused if one is repeated or has another name than these."""
    pairs = request.query_params.multi_items()
    found = dict(pairs)
    if len(found) != len(pairs) or not found.keys() <= set(names):
        raise Refused("invalid")
    return found


def _read_number(text: str, limit: int) -> int:
    """Return a whole number from a query. Raise Refused."""
    if not (text.isascii() and text.isdigit()) or len(text) > 13 or int(text) > limit:
        raise Refused("invalid")
    return int(text)
