// The case number, and the keys that are derived from it; the counterpart of `protocol/case_number.py`.

import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, hex, utf8 } from "./bytes";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SECRET_SYMBOLS = 22;
const CHECK_SYMBOLS = 2;
const CHECK_PRIME = 1021;
const SALT = utf8("takedown/case-number/v1");

/** What is needed to ask about a case. The number itself is not kept. */
export interface CaseKeys {
  readonly lookupId: string;
  /** The seed of the Ed25519 key that signs requests. */
  readonly signingSeed: Bytes;
}

/** The symbols that somebody meant: upper case, without spaces, dashes and marks of direction, confusable ones replaced. */
export function symbolsOf(text: string): string {
  return text
    .toUpperCase()
    .replace(/[\s\x1c-\x1f\x85\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|[-‐‑‒–—−]/g, "")
    .replace(/O/g, "0")
    .replace(/[IL]/g, "1");
}

/** As a number is written down: groups of four. */
export function grouped(symbols: string): string {
  return (symbols.match(/.{1,4}/g) ?? []).join("-");
}

function checksum(symbols: string): string {
  let value = 0;
  for (const symbol of symbols) value = (value * 32 + ALPHABET.indexOf(symbol)) % CHECK_PRIME;
  return ALPHABET.charAt(Math.floor(value / 32)) + ALPHABET.charAt(value % 32);
}

/** The symbols of a valid number as people write it, or null if it has a mistake. */
export function parse(text: string): string | null {
  if (text.length > 200) return null;
  const symbols = symbolsOf(text);
  const secret = symbols.slice(0, SECRET_SYMBOLS);
  const valid =
    symbols.length === SECRET_SYMBOLS + CHECK_SYMBOLS &&
    [...symbols].every((symbol) => ALPHABET.includes(symbol)) &&
    checksum(secret) === symbols.slice(SECRET_SYMBOLS);
  return valid ? symbols : null;
}

/** 32 bytes for one purpose: HKDF-SHA-256 (RFC 5869) over the 110 secret bits as 14 big-endian bytes. */
export function derive(symbols: string, purpose: string): Bytes {
  let number = 0n;
  for (const symbol of symbols.slice(0, SECRET_SYMBOLS)) number = (number << 5n) | BigInt(ALPHABET.indexOf(symbol));
  const secret = Uint8Array.from({ length: 14 }, (_, place) => Number((number >> BigInt(8 * (13 - place))) & 255n));
  return hkdf(sha256, secret, SALT, utf8(purpose), 32);
}

export function keysOf(symbols: string): CaseKeys {
  return { lookupId: hex(derive(symbols, "lookup-id")), signingSeed: derive(symbols, "case-key") };
}
