import { createHash, randomBytes } from "node:crypto";
import type { Secrets } from "../usecases/ports.ts";

/** Opaque secrets of 32 random bytes. Only SHA-256 of them is stored: they are too long to guess, so no salt is needed. */
export function createSecrets(): Secrets {
  const random = (): string => randomBytes(32).toString("base64url");
  return {
    newRefreshToken: random,
    newApiKey: () => `cms_${random()}`,
    hash: (secret) => createHash("sha256").update(secret).digest("hex"),
  };
}
