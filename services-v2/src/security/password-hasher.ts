import { hash, verify } from "@node-rs/bcrypt";
import type { PasswordHasher } from "../usecases/ports.ts";

const cost = 10;

/** bcrypt on the thread pool, in the `$2b$` form that bcryptjs reads too. The event loop stays free while it works. */
export async function createPasswordHasher(): Promise<PasswordHasher> {
  // Checked in place of the hash of someone who does not exist, so that both refusals cost the same.
  const decoy = await hash("no account has this password", { cost, version: "2b" });
  return {
    hash: (password) => hash(password, { cost, version: "2b" }),
    verify: async (password, stored) => (await verify(password, stored ?? decoy)) && stored !== null,
  };
}
