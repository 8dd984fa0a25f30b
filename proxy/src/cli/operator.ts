import { userInfo } from "node:os";

/** Who gives a command: the name of the operating system's user, or the number where a container knows no name. */
export function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
