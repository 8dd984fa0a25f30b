import { compare, hash as bcryptHash } from "bcryptjs";

const cost = 10;
/** A real hash of nothing that anyone knows, so that an unknown email costs the same comparison as a known one. */
const decoyHash = "$2b$10$HEtaw2JL5SYiG/CSDVmhRuBJ5nJcMfDuB9tkU6s2Hi1krXchfcisa";

export async function hashPassword(password: string): Promise<string> {
  return bcryptHash(password, cost);
}

/** Takes the same time with a hash and without one. */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const matches = await compare(password, hash ?? decoyHash);
  return matches && hash !== undefined;
}
