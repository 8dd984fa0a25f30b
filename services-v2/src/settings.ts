export interface Settings {
  readonly host: string;
  /** 0 lets the system choose; the log line `listening` says which. */
  readonly port: number;
  readonly databaseUrl: string;
  readonly jwtSecret: string;
  readonly redisUrl: string | null;
  readonly logLevel: string;
  /** Connections to PostgreSQL at most. */
  readonly poolSize: number;
  readonly rateLimits: RateLimitSettings;
}

/** Attempts per client address and window; 0 counts nothing. */
export interface RateLimitSettings {
  readonly login: number;
  readonly register: number;
  readonly windowSeconds: number;
}

export type ParsedSettings =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly string[] };

const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"];

/**
 * Reads the environment: HOST (127.0.0.1), PORT (3002), DATABASE_URL, JWT_SECRET (at least 32 characters), REDIS_URL,
 * LOG_LEVEL (info), DB_POOL_MAX (10), RATE_LIMIT_LOGIN (30), RATE_LIMIT_REGISTER (20), RATE_LIMIT_WINDOW_SECONDS (60). Reports every problem at once; values are never repeated, since some are secrets.
 */
export function parseSettings(environment: Readonly<Record<string, string | undefined>>): ParsedSettings {
  const problems: string[] = [];
  const read = (name: string): string | undefined => {
    const value = environment[name]?.trim();
    return value === "" ? undefined : value;
  };
  const readInteger = (name: string, fallback: number, min: number, max: number): number => {
    const text = read(name);
    if (text === undefined) return fallback;
    const number = /^\d{1,9}$/u.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    problems.push(`${name}: expected a whole number from ${min} to ${max}`);
    return fallback;
  };
  const readUrl = (name: string, protocols: readonly string[]): string | null => {
    const text = read(name);
    if (text === undefined) return null;
    const url = URL.parse(text);
    if (url !== null && protocols.includes(url.protocol)) return text;
    problems.push(`${name}: expected a URL that starts with ${protocols.join("// or ")}//`);
    return null;
  };

  const databaseUrl = readUrl("DATABASE_URL", ["postgres:", "postgresql:"]);
  if (read("DATABASE_URL") === undefined) problems.push("DATABASE_URL: required");
  const jwtSecret = read("JWT_SECRET") ?? "";
  if (jwtSecret === "") problems.push("JWT_SECRET: required");
  else if (jwtSecret.length < 32) problems.push("JWT_SECRET: expected at least 32 characters");
  const logLevel = read("LOG_LEVEL") ?? "info";
  if (!logLevels.includes(logLevel)) problems.push(`LOG_LEVEL: expected one of ${logLevels.join(", ")}`);
  const settings: Settings = {
    host: read("HOST") ?? "127.0.0.1",
    port: readInteger("PORT", 3002, 0, 65_535),
    databaseUrl: databaseUrl ?? "",
    jwtSecret,
    redisUrl: readUrl("REDIS_URL", ["redis:", "rediss:"]),
    logLevel,
    poolSize: readInteger("DB_POOL_MAX", 10, 1, 500),
    rateLimits: {
      login: readInteger("RATE_LIMIT_LOGIN", 30, 0, 999_999_999),
      register: readInteger("RATE_LIMIT_REGISTER", 20, 0, 999_999_999),
      windowSeconds: readInteger("RATE_LIMIT_WINDOW_SECONDS", 60, 1, 86_400),
    },
  };
  return problems.length === 0 ? { ok: true, settings } : { ok: false, problems };
}
