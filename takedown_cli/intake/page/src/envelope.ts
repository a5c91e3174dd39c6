// DSSE v1.0 with one signature in canonical form; the counterpart of `protocol/bundle/envelope.py`.

import { ed25519 } from "@noble/curves/ed25519.js";
import { base64, type Bytes, canonicalJson, concat, hex, unbase64, unhex, utf8 } from "./bytes";

function pae(type: string, payload: Uint8Array): Bytes {
  const kind = utf8(type);
  return concat(utf8(`DSSEv1 ${kind.length} `), kind, utf8(` ${payload.length} `), payload);
}

export function sign(type: string, payload: Uint8Array, seed: Bytes): Bytes {
  const keyid = hex(ed25519.getPublicKey(seed));
  const sig = base64(ed25519.sign(pae(type, payload), seed));
  return utf8(canonicalJson({ payload: base64(payload), payloadType: type, signatures: [{ keyid, sig }] }));
}

const FORM =
  /^\{"payload":"([A-Za-z0-9+/]*={0,2})","payloadType":("[ -~]+?"),"signatures":\[\{"keyid":"([0-9a-f]{64})","sig":"([A-Za-z0-9+/]{86}==)"\}\]\}$/;

/** The payload and its signer. Throws unless the signature is valid by the strict rules of RFC 8032. */
export function verify(envelope: string, type: string): { payload: Bytes; signer: string } {
  const [, payload64, kind, signer, sig] = FORM.exec(envelope) ?? [];
  if (payload64 === undefined || signer === undefined || sig === undefined) throw new Error("envelope");
  if (kind !== canonicalJson(type)) throw new Error("type");
  const payload = unbase64(payload64);
  // Not by the rules of ZIP 215: they accept keys of small order, under which one signature fits every message.
  if (!ed25519.verify(unbase64(sig), pae(type, payload), unhex(signer), { zip215: false })) throw new Error("signature");
  return { payload, signer };
}
