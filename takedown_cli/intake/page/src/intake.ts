// The one intake that this page asks: the one that served it. The counterpart of `client/client.py`.

import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, hex, random, unhex } from "./bytes";
import type { CaseKeys } from "./case_number";
import { type Card, CARD_TYPE, type CaseStatus, decodeCard, decodeStatus, encodeRequest, type Request } from "./documents";
import * as envelope from "./envelope";
import { openReply, sealRequest } from "./seal";

const ATTEMPTS = 4;
const FIRST_PAUSE = 0.5; // seconds; doubles with each attempt
const LONGEST_PAUSE = 30;
const MAX_REPLY = 9 << 20;
const TIMEOUT = 120_000; // milliseconds for one exchange, on slow lines too
/** Answers after which the same request may be sent again. */
const BUSY = new Set([429, 502, 503, 504]);

/** Why there is no answer. The page has a sentence for each. */
export type Reason = "untrusted" | "unreachable" | "busy" | "no-intake" | "no-such-case";

export class IntakeError extends Error {
  constructor(readonly reason: Reason) {
    super(reason);
  }
}

interface Reply {
  readonly status: number;
  readonly body: Bytes;
}

export class Intake {
  private card: Card | null = null;

  /** `pin` is the id of the key that must answer here, or null when the link named none. */
  constructor(
    private readonly origin: string,
    private readonly pin: string | null,
    private readonly onPause: (seconds: number) => void,
  ) {}

  /** The intake's card, fetched once; signed by its key, for this address, and under the pinned key if there is one. */
  async fetchCard(): Promise<Card> {
    if (this.card === null) {
      const reply = await this.exchange("/v1/keys");
      if (reply.status !== 200) throw new IntakeError("no-intake");
      this.card = believe(() => {
        const { payload, signer } = envelope.verify(new TextDecoder().decode(reply.body), CARD_TYPE);
        const card = decodeCard(payload);
        const fits = card.signing_key === signer && card.origin === this.origin;
        if (!fits || (this.pin !== null && this.pin !== keyId(card))) throw new Error("card");
        return card;
      });
    }
    return this.card;
  }

  /** Ask about the case, or withdraw it: the items with these numbers, or all when none are named. */
  async ask(keys: CaseKeys, action: Request["action"], items?: readonly number[]): Promise<CaseStatus> {
    const card = await this.fetchCard();
    const audience = { origin: card.origin, key_id: keyId(card) };
    const replyKey = random(32);
    const { type, payload } = encodeRequest({
      action, audience, lookup_id: keys.lookupId, nonce: hex(random(16)), reply_key: hex(replyKey),
      ...(items === undefined ? {} : { items }),
    });
    const signed = envelope.sign(type, payload, keys.signingSeed);
    const message = await sealRequest(signed, audience, unhex(card.sealing_key));
    const reply = await this.exchange(`/v1/${action}`, message);
    const status = believe(() => decodeStatus(openReply(reply.body, replyKey)));
    if (!status.known) throw new IntakeError("no-such-case");
    return status;
  }

  /** Make a request, and make it again while the intake is busy or silent: it is the same one, so nothing happens twice. */
  private async exchange(path: string, body?: Bytes): Promise<Reply> {
    let pause = FIRST_PAUSE;
    for (let attempt = 1; ; attempt++) {
      let allowed: number | null = null;
      let reason: Reason = "unreachable";
      try {
        const response = await fetch(this.origin + path, {
          ...(body === undefined ? {} : { method: "POST", body, headers: { "content-type": "application/octet-stream" } }),
          cache: "no-store", credentials: "omit", mode: "same-origin", redirect: "manual", referrerPolicy: "no-referrer",
          signal: AbortSignal.timeout(TIMEOUT),
        });
        // No redirect is followed: only the intake itself may have the message.
        if (response.type === "opaqueredirect") throw new IntakeError("untrusted");
        if (!BUSY.has(response.status)) return { status: response.status, body: await readBody(response) };
        reason = "busy";
        const named = response.headers.get("retry-after") ?? "";
        allowed = /^\d{1,5}$/.test(named) ? Math.min(Number(named), LONGEST_PAUSE) : null;
        await response.body?.cancel();
      } catch (error) {
        if (error instanceof IntakeError) throw error;
      }
      if (attempt === ATTEMPTS) throw new IntakeError(reason);
      const seconds = allowed ?? pause;
      this.onPause(seconds);
      await new Promise((resume) => setTimeout(resume, seconds * 1000));
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    }
  }
}

export function keyId(card: Card): string {
  return hex(sha256(unhex(card.signing_key))).slice(0, 40);
}

async function readBody(response: Response): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    parts.push(part.value);
    length += part.value.length;
    if (length > MAX_REPLY) {
      await reader?.cancel();
      throw new IntakeError("untrusted");
    }
  }
  return concat(...parts);
}

/** What `read` returns, for an answer that cannot be believed when it throws. */
function believe<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new IntakeError("untrusted");
  }
}
