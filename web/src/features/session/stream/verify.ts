import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Entry } from "./transcript";

/**
 * Whether this page provably holds every chunk of a finished reply. The hash is computed in
 * JavaScript because `crypto.subtle` is missing on plain HTTP off loopback.
 */
export function isVerified({ message, parts, received }: Entry): boolean {
  if (!message.completed || message.chunkCount == null || message.contentHash == null) return false;
  if (received !== message.chunkCount) return false;
  const text = parts.map((part) => (part.kind === "text" ? part.text : "")).join("");
  return bytesToHex(sha256(utf8ToBytes(text))) === message.contentHash.toLowerCase();
}
