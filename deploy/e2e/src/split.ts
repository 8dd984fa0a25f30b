import { ask } from "./ask.ts";

/** Identities that are the same in every run: their shares are facts of the hash, not luck. */
export function namedIdentities(count: number, prefix = "user"): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/**
 * Asks once for each identity, `concurrency` at a time, and tells which version answered whom.
 * @throws Error when an answer is not 200 or does not name its version.
 */
export async function askVersions(
  proxyUrl: string,
  identities: readonly string[],
  options: { readonly concurrency?: number; readonly path?: string } = {},
): Promise<ReadonlyMap<string, "v1" | "v2">> {
  const versions = new Map<string, "v1" | "v2">();
  const url = `${proxyUrl}${options.path ?? "/health/live"}`;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < identities.length; index = next++) {
      const identity = identities[index] ?? "";
      const answer = await ask(url, { identity });
      if (answer.status !== 200 || (answer.version !== "v1" && answer.version !== "v2")) {
        throw new Error(
          `${identity}: status ${answer.status}, X-Canary-Version ${answer.version ?? "missing"}`,
        );
      }
      versions.set(identity, answer.version);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 10 }, work));
  return versions;
}

/** Share of v2 in percent. */
export function percentageOfV2(versions: ReadonlyMap<string, "v1" | "v2">): number {
  return (100 * identitiesOn(versions, "v2").length) / versions.size;
}

export function identitiesOn(
  versions: ReadonlyMap<string, "v1" | "v2">,
  version: "v1" | "v2",
): readonly string[] {
  return [...versions].filter(([, found]) => found === version).map(([identity]) => identity);
}
