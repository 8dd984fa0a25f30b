/** What the process is told by its environment. */
export interface Config {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly databaseUrl: string;
  readonly jwtSecret: string;
  readonly logLevel: string;
  /** Most connections the pool opens. */
  readonly poolMax: number;
  readonly rateLimits: RateLimits;
}

export interface RateLimits {
  /** Attempts per client address and window; 0 counts nothing. */
  readonly login: number;
  readonly register: number;
  readonly windowSeconds: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"];

/** Reads the environment and reports every problem at once. Values of secrets never appear in a problem. */
export function parseConfig(
  env: Environment,
): { readonly config: Config } | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const whole = (name: string, fallback: number, least: number, most: number): number => {
    const text = env[name];
    if (text === undefined || text === "") return fallback;
    if (/^[0-9]{1,9}$/u.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
    problems.push(`${name} must be a whole number from ${least} to ${most}, but is '${text}'`);
    return fallback;
  };

  const databaseUrl = env["DATABASE_URL"] ?? "";
  if (!/^postgres(?:ql)?:\/\//u.test(databaseUrl) || !URL.canParse(databaseUrl)) {
    problems.push("DATABASE_URL must be set to postgres://user:password@host:port/database");
  }
  const jwtSecret = env["JWT_SECRET"] ?? "";
  if (jwtSecret.length < 32) problems.push("JWT_SECRET must be set to at least 32 characters");
  const logLevel = env["LOG_LEVEL"] || "info";
  if (!logLevels.includes(logLevel)) {
    problems.push(`LOG_LEVEL must be one of ${logLevels.join(", ")}, but is '${logLevel}'`);
  }
  const config: Config = {
    host: env["HOST"] || "127.0.0.1",
    port: whole("PORT", 3001, 0, 65_535),
    databaseUrl,
    jwtSecret,
    logLevel,
    poolMax: whole("DB_POOL_MAX", 10, 1, 500),
    rateLimits: {
      login: whole("RATE_LIMIT_LOGIN", 30, 0, 999_999_999),
      register: whole("RATE_LIMIT_REGISTER", 20, 0, 999_999_999),
      windowSeconds: whole("RATE_LIMIT_WINDOW_SECONDS", 60, 1, 86_400),
    },
  };
  return problems.length > 0 ? { problems } : { config };
}
