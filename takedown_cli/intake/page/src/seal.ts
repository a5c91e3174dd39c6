// Seals a request and opens its answer; the counterpart of `protocol/bundle/seal.py`.

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { AEAD_ChaCha20Poly1305, KDF_HKDF_SHA256, KEM_MLKEM768_X25519 } from "@panva/hpke-noble";
import { CipherSuite } from "hpke";
import { type Bytes, canonicalJson, concat, equal, random, utf8 } from "./bytes";

export interface Audience {
  readonly origin: string;
  readonly key_id: string;
}

const BUCKETS = [16, 64, 256, 1024, 2048, 4096, 8192].map((kib) => kib * 1024);
const NONCE = 12;
const OWN_KEY = NONCE + 32 + 16;

const suite = new CipherSuite(KEM_MLKEM768_X25519, KDF_HKDF_SHA256, AEAD_ChaCha20Poly1305);

/** The length in four big-endian bytes, the plaintext, and zeros up to the next bucket. */
export function padToBucket(plaintext: Uint8Array): Bytes {
  const bucket = BUCKETS.find((size) => plaintext.length + 4 <= size);
  if (bucket === undefined) throw new Error("too large");
  const padded = new Uint8Array(bucket);
  new DataView(padded.buffer).setUint32(0, plaintext.length);
  padded.set(plaintext, 4);
  return padded;
}

/** Undo `padToBucket`. Throws unless it is exactly what `padToBucket` makes. */
export function removePadding(padded: Bytes): Bytes {
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  const plaintext = padded.slice(4, 4 + length);
  if (plaintext.length !== length || !equal(padToBucket(plaintext), padded)) throw new Error("padding");
  return plaintext;
}

/** Seal a signed request for the intake whose public sealing key is `to` (1,216 bytes). */
export async function sealRequest(plaintext: Uint8Array, audience: Audience, to: Bytes): Promise<Bytes> {
  const header = utf8(`takedown sealed 1\n${canonicalJson({ audience, kind: "request" })}\n`);
  const contentKey = random(32);
  const { encapsulatedSecret, ciphertext } = await suite.Seal(await suite.DeserializePublicKey(to), contentKey, {
    info: header,
  });
  // In a bundle, the person's own copy of the content key is here. A request has none, and looks alike.
  const own = random(OWN_KEY);
  // The nonce may be zero, since each content key encrypts one message only.
  const content = chacha20poly1305(contentKey, new Uint8Array(NONCE), concat(header, own)).encrypt(padToBucket(plaintext));
  return concat(header, encapsulatedSecret, ciphertext, own, content);
}

/** Open the answer to a request. Throws unless it was sealed under the key that came inside the request. */
export function openReply(message: Bytes, replyKey: Bytes): Bytes {
  const [nonce, sealed] = [message.subarray(0, NONCE), message.subarray(NONCE)];
  return removePadding(concat(chacha20poly1305(replyKey, nonce, utf8("takedown reply 1")).decrypt(sealed)));
}
