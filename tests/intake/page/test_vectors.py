"""The page's own parts, in a real browser, against the published vectors and against Python."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from takedown_cli.protocol.bundle import envelope, seal
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import Audience, CaseRequestV2, ItemsRequest, canonical_json, encode
from tests.intake.page.browser import SOURCE, launched
from tests.vectors import vector

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
AUDIENCE = Audience(origin="https://intake.example", key_id="ab" * 20)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A window in which ``parts`` is what parts.ts exports."""
    esbuild = SOURCE / "node_modules" / "esbuild" / "bin" / "esbuild"
    if shutil.which("node") is None or not esbuild.is_file():
        pytest.skip("Node.js and the page's packages are not here: run 'make web'")
    script = tmp_path_factory.mktemp("parts") / "parts.js"
    command: list[str | Path] = [
        "node",
        esbuild,
        Path(__file__).with_name("parts.ts"),
        "--bundle",
        "--global-name=parts",
        "--format=iife",
    ]
    subprocess.run([*command, f"--outfile={script}"], check=True, capture_output=True)
    with launched() as browser:
        window = browser.new_page()
        window.add_script_tag(path=script)
        window.evaluate("() => { window.hex = parts.bytes.hex; window.unhex = parts.bytes.unhex }")
        yield window


@pytest.mark.parametrize(
    "case", json.loads(vector("case-number.json"))["cases"], ids=lambda case: str(case["case_number"])[:4]
)
def test_the_published_case_numbers_give_the_published_keys(parts: Any, case: dict[str, str]) -> None:
    derived = parts.evaluate(
        """(number) => {
            const symbols = parts.caseNumber.parse(number);
            const keys = parts.caseNumber.keysOf(symbols);
            return [parts.caseNumber.grouped(symbols), keys.lookupId, hex(keys.signingSeed)];
        }""",
        case["case_number"],
    )
    assert derived == [case["case_number"], case["lookup_id"], case["case_key_seed"]]


def test_numbers_are_read_as_the_vectors_say(parts: Any) -> None:
    """The command line reads the same vectors."""
    typed = json.loads(vector("case-number.json"))["typed"]
    script = "(typed) => typed.map(parts.caseNumber.parse).map((read) => read && parts.caseNumber.grouped(read))"
    read = parts.evaluate(script, [case["typed"] for case in typed])
    assert dict(zip([case["typed"] for case in typed], read, strict=True)) == {
        case["typed"]: case["case_number"] for case in typed
    }


def test_every_single_mistake_is_found(parts: Any) -> None:
    symbols = CaseNumber.draw().symbols
    wrong = [symbols[:n] + ("Z" if symbols[n] != "Z" else "Y") + symbols[n + 1 :] for n in range(24)]
    wrong += [
        symbols[:n] + symbols[n + 1] + symbols[n] + symbols[n + 2 :] for n in range(23) if symbols[n] != symbols[n + 1]
    ]
    assert not any(parts.evaluate("(typed) => typed.map(parts.caseNumber.parse)", [*wrong, "", symbols[1:], "U" * 24]))


@pytest.mark.parametrize(
    "value",
    [
        {"b": 1, "a": [{"z": None, "y": True}], "B": ""},
        {"text": 'ü € \U0001f600 \x00 \x1f \x7f " \\ / \u2028 \ud800'},
        {"numbers": [0, 1, 2**53 - 1]},
    ],
)
def test_json_has_the_same_bytes(parts: Any, value: object) -> None:
    encoded = canonical_json(value).decode()
    assert parts.evaluate("(text) => parts.bytes.canonicalJson(JSON.parse(text))", encoded) == encoded


@pytest.mark.parametrize("items", [None, (1, 7, 2000)])
def test_a_request_has_the_same_bytes(parts: Any, items: tuple[int, ...] | None) -> None:
    fields: dict[str, Any] = {
        "action": "withdraw", "lookup_id": "1a" * 32, "audience": AUDIENCE, "nonce": "2b" * 16, "reply_key": "3c" * 32,
    }  # fmt: skip
    request = CaseRequestV2(**fields) if items is None else ItemsRequest(**fields, items=items)
    fields["audience"] = AUDIENCE.model_dump()
    made = parts.evaluate(
        "(fields) => { const made = parts.documents.encodeRequest(fields); return [made.type, hex(made.payload)] }",
        fields if items is None else {**fields, "items": list(items)},
    )
    assert made == [request.TYPE, encode(request).hex()]


def test_an_envelope_has_the_same_bytes(parts: Any) -> None:
    """Ed25519 signatures are deterministic, so both sign to the same byte."""
    script = "([payload, seed]) => hex(parts.envelope.sign('a type', unhex(payload), unhex(seed)))"
    for length in (0, 1, 2, 3, 1000):
        payload = bytes(n % 256 for n in range(length))
        signed = envelope.sign("a type", payload, KEY)
        assert parts.evaluate(script, [payload.hex(), KEY.private_bytes_raw().hex()]) == signed.hex()
        verified = "(text) => { const it = parts.envelope.verify(text, 'a type'); return [hex(it.payload), it.signer] }"
        assert parts.evaluate(verified, signed.decode()) == [payload.hex(), KEY.public_key().public_bytes_raw().hex()]


_SMALL_ORDER = "01" + "00" * 31
_TRIVIAL = "AQ" + "A" * 84 + "=="


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"a type"', '"b type"'),
        lambda text: text.replace(",", ", ", 1),
        lambda text: text.replace('{"payload":"', '{"payload":"AAAA', 1),
        lambda text: text.replace("==", "", 1),
        lambda text: text + "\n",
        lambda text: text.replace('"signatures":[', '"signatures":[' + text[text.index('{"keyid"') : -2] + ","),
        lambda text: f'{text[: text.index("[")]}[{{"keyid":"{_SMALL_ORDER}","sig":"{_TRIVIAL}"}}]}}',
    ],
)
def test_an_envelope_that_was_changed_is_refused(parts: Any, change: Any) -> None:
    text = change(envelope.sign("a type", b"payload", KEY).decode())
    script = "(text) => { try { return hex(parts.envelope.verify(text, 'a type').payload) } catch { return null } }"
    assert parts.evaluate(script, text) is None


def test_a_sealed_request_is_opened_by_python(parts: Any) -> None:
    private = seal.new_private_key()
    script = "([plain, audience, key]) => parts.seal.sealRequest(unhex(plain), audience, unhex(key)).then(hex)"
    for length in (0, 1, 16380, 16381, 60000):
        plain = b"p" * length
        message = bytes.fromhex(
            parts.evaluate(script, [plain.hex(), AUDIENCE.model_dump(), seal.public_key(private).hex()])
        )
        sealed = seal.parse(message)
        assert (sealed.audience, sealed.kind) == (AUDIENCE, "request")
        assert seal.open_as_intake(sealed, private) == plain
        assert len(message) == len(seal.seal(plain, AUDIENCE, "request", seal.public_key(private)))


def test_a_reply_is_opened_and_a_changed_one_refused(parts: Any) -> None:
    key = b"r" * 32
    script = (
        "([reply, key]) => { try { return hex(parts.seal.openReply(unhex(reply), unhex(key))) } catch { return null } }"
    )
    for plain in (b"", b"x", b"y" * 20000):
        reply = seal.seal_reply(plain, key)
        assert parts.evaluate(script, [reply.hex(), key.hex()]) == plain.hex()
        for wrong in (reply[:-1], reply[1:], bytes([reply[0] ^ 1]) + reply[1:], reply[:20]):
            assert parts.evaluate(script, [wrong.hex(), key.hex()]) is None
        assert parts.evaluate(script, [reply.hex(), "00" * 32]) is None


@pytest.mark.parametrize(
    "document",
    [
        '{"items":[],"known":true,"schema":"takedown.case-status","version":2}',  # known, and nothing said
        '{"items":[],"known":false,"known":false,"schema":"takedown.case-status","version":2}',
        '{"items":[],"known":false,"more":1,"schema":"takedown.case-status","version":2}',
        '{"__proto__":{},"items":[],"known":false,"schema":"takedown.case-status","version":2}',
        '{"items":[],"known":false,"schema":"takedown.case-status","version":2.0}',
        '{"items":[{}],"known":false,"schema":"takedown.case-status","version":2}',
        '{"items":[],"known":false,"schema":"takedown.case-status","version":3}',
        "null",
        "[]",
        "",
    ],
)
def test_a_status_that_is_not_exactly_one_is_refused(parts: Any, document: str) -> None:
    script = "(text) => { try { return parts.documents.decodeStatus(parts.bytes.utf8(text)) } catch { return null } }"
    right = {"items": [], "known": False, "schema": "takedown.case-status", "version": 2}
    assert parts.evaluate(script, json.dumps(right, separators=(",", ":"))) == right
    assert parts.evaluate(script, document) is None
