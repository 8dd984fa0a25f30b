import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import path from "node:path";
import { configTemplate } from "./config-template.ts";
import type { StackSettings } from "./settings.ts";

const minSecretCharacters = 32;

/** Where things are in a data folder. */
export interface DataFolder {
  readonly postgres: string;
  readonly logs: string;
  readonly secretFile: string;
  readonly releaseLog: string;
}

const names = {
  postgres: "postgres",
  logs: "logs",
  secret: "jwt-secret",
  config: "serin.yaml",
  releaseLog: "serin-release.jsonl",
} as const;

/**
 * Makes the data folder when it is absent.
 * @throws Error when it belongs to another user, whose files this one could not use.
 */
export async function createDataFolder(dataDir: string): Promise<void> {
  const created = await mkdir(dataDir, { recursive: true });
  const { uid } = userInfo();
  const owner = (await stat(dataDir)).uid;
  if (uid !== -1 && owner !== uid) {
    throw new Error(
      `${dataDir} belongs to user ${owner}, and this is user ${uid}: run as that user, remove the folder, or use another with --data DIR`,
    );
  }
  // PostgreSQL runs as a user of its own when we are root, and has to get through. What is secret has mode 600.
  if (created !== undefined) await chmod(dataDir, 0o755);
}

/** Where things are in a data folder that exists. With `fresh`, what earlier runs put there is removed first. */
export async function layOutDataFolder(dataDir: string, fresh: boolean): Promise<DataFolder> {
  // By name, never the whole folder: `--data` may point to one that holds other things too.
  if (fresh) {
    await Promise.all(
      Object.values(names).map((name) => rm(path.join(dataDir, name), { recursive: true, force: true })),
    );
  }
  const at = (name: string): string => path.join(dataDir, name);
  await mkdir(at(names.logs), { recursive: true, mode: 0o700 });
  return {
    postgres: at(names.postgres),
    logs: at(names.logs),
    secretFile: at(names.secret),
    releaseLog: at(names.releaseLog),
  };
}

/** The services' token secret: the given one, else the one kept in the data folder, made at the first start. */
export async function readOrCreateSecret(settings: StackSettings, file: string): Promise<string> {
  if (settings.jwtSecret !== null) return settings.jwtSecret;
  const kept = (await readFile(file, "utf8").catch(() => "")).trim();
  if (kept.length >= minSecretCharacters) return kept;
  const secret = randomBytes(48).toString("base64url");
  await writeFile(file, `${secret}\n`, { mode: 0o600 });
  await chmod(file, 0o600);
  return secret;
}

/** Writes the commented config template when there is no config file. Returns whether it did. */
export async function createConfigFile(file: string): Promise<boolean> {
  await mkdir(path.dirname(file), { recursive: true });
  try {
    await writeFile(file, configTemplate, { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}
