// The documents that the page reads and writes: closed schemas in one encoding; the counterpart of `protocol/wire.py`.

import { type Bytes, canonicalJson, utf8 } from "./bytes";
import type { Audience } from "./seal";

export const CARD_TYPE = "application/vnd.takedown.intake.v1+json";

export interface Card {
  readonly name: string;
  readonly origin: string;
  readonly test: boolean;
  readonly signing_key: string;
  readonly sealing_key: string;
}

export type Media = "image" | "video";
export type ItemState = "listed" | "held" | "withdrawn";
export type AnswerState = "seen" | "under-review" | "blocked" | "not-blocked";

export interface Answer {
  readonly platform: string;
  readonly state: AnswerState;
  readonly day: string;
}

export interface Item {
  readonly number: number;
  readonly media: Media;
  readonly state: ItemState;
  readonly platforms: readonly Answer[];
}

export interface CaseStatus {
  readonly known: boolean;
  readonly received?: string;
  readonly expires?: string;
  readonly withdrawn?: number;
  readonly items: readonly Item[];
}

export interface Request {
  readonly action: "status" | "withdraw";
  readonly lookup_id: string;
  readonly audience: Audience;
  readonly nonce: string;
  readonly reply_key: string;
  /** The numbers of the items to withdraw; without them it is the whole case. */
  readonly items?: readonly number[];
}

/** The type of a request, and the exact bytes that are signed. Only one that names items needs version 4. */
export function encodeRequest(request: Request): { type: string; payload: Bytes } {
  const version = request.items === undefined ? 2 : 4;
  const payload = canonicalJson({ ...request, schema: "takedown.request", values: [], version });
  return { type: `application/vnd.takedown.request.v${version}+json`, payload: utf8(payload) };
}

type Check = (value: unknown) => boolean;

const text =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === "string" && pattern.test(value);
const oneOf =
  (...allowed: unknown[]): Check =>
  (value) =>
    allowed.includes(value);
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

/** Fields that must be there, then fields that may be, and no others. */
function fields(needed: Record<string, Check>, optional: Record<string, Check> = {}): Check {
  const checks = new Map(Object.entries({ ...needed, ...optional }));
  return (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.keys(needed).every((name) => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, each]) => checks.get(name)?.(each) ?? false);
}

const day = text(/^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/);
const platformName: Check = (value) => typeof value === "string" && value !== "" && [...value].length <= 80;

const isCard = fields({
  schema: oneOf("takedown.intake"),
  version: oneOf(1),
  name: platformName,
  origin: text(/^https?:\/\/[a-z0-9.[\]:-]{1,255}$/),
  test: oneOf(true, false),
  signing_key: text(/^[0-9a-f]{64}$/),
  sealing_suite: oneOf("mlkem768-x25519/hkdf-sha256/chacha20-poly1305"),
  sealing_key: text(/^[0-9a-f]{2432}$/),
});

const isAnswer = fields({
  platform: platformName,
  state: oneOf("seen", "under-review", "blocked", "not-blocked"),
  day,
});

const isItem = fields(
  {
    number: (value) => count(value) && value !== 0,
    media: oneOf("image", "video"),
    age: oneOf("under-18", "adult", "unsure"),
    state: oneOf("listed", "held", "withdrawn"),
    fingerprints: count,
    platforms: listOf(isAnswer),
  },
  { standing: oneOf("provisional", "confirmed") },
);

const isStatus = fields(
  { schema: oneOf("takedown.case-status"), version: oneOf(2), known: oneOf(true, false), items: listOf(isItem) },
  { received: day, expires: day, withdrawn: count },
);

/** Read a document. Throws unless it is the canonical encoding of one that fits the schema. */
function decode(data: Bytes, fits: Check): unknown {
  const encoded = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  const document: unknown = JSON.parse(encoded);
  if (!fits(document) || canonicalJson(document) !== encoded) throw new Error("document");
  return document;
}

export function decodeCard(data: Bytes): Card {
  return decode(data, isCard) as Card;
}

export function decodeStatus(data: Bytes): CaseStatus {
  const status = decode(data, isStatus) as CaseStatus;
  if (status.known && (status.received === undefined || status.expires === undefined)) throw new Error("document");
  return status;
}
