// Bytes as text and back, and JSON in the one form that a document may have.

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

export function concat(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let start = 0;
  for (const part of parts) {
    whole.set(part, start);
    start += part.length;
  }
  return whole;
}

export function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Undo `hex`. The caller has checked that there are only pairs of hexadecimal digits. */
export function unhex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** Undo `base64`. Throws for anything that `base64` does not make. */
export function unbase64(text: string): Bytes {
  const bytes = Uint8Array.from(atob(text), (symbol) => symbol.charCodeAt(0));
  if (base64(bytes) !== text) throw new Error("base64");
  return bytes;
}

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** The canonical encoding of `wire.py`: keys sorted, no white space, ASCII only, absent fields left out. */
export function canonicalJson(value: unknown): string {
  const sorted = (_: string, each: unknown): unknown =>
    each !== null && typeof each === "object" && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
      : each;
  return JSON.stringify(value, sorted).replace(
    /[^ -~]/g,
    (symbol) => "\\u" + symbol.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}
