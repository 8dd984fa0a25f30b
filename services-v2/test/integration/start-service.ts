import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { pino } from "pino";
import { migrateDatabase } from "../../../deploy/database/src/migrate-database.ts";
import { createTestDatabase } from "../../../deploy/local/test/database.ts";
import { createApp } from "../../src/app.ts";
import { parseSettings } from "../../src/settings.ts";
import {
  createResponseValidator,
  isOpenApiDocument,
  type OpenApiDocument,
  type ResponseValidator,
} from "./response-validator.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, or undefined when there is none. */
  readonly json: unknown;
  /** What lies at this place of the body. */
  at(...place: readonly (string | number)[]): unknown;
  textAt(...place: readonly (string | number)[]): string;
}

export interface Ask {
  readonly token?: string;
  readonly apiKey?: string;
  /** Sent as JSON; a text or bytes as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Account {
  readonly id: string;
  readonly email: string;
  readonly token: string;
  readonly refresh: string;
}

export interface RunningService {
  readonly url: string;
  readonly databaseUrl: string;
  readonly sql: Client;
  /** Every answer is held against the OpenAPI document; one that does not fit is thrown. */
  ask(method: string, path: string, options?: Ask): Promise<Answer>;
  /** Registers an account and gives it the role. */
  signIn(role?: string): Promise<Account>;
  stop(): Promise<void>;
}

export const testSecret = "a secret of the tests, 32 or more";
export const testPassword = "correct horse battery";

/** A migrated database of its own and cms-v2 on a free port, in this process. */
export async function startService(
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningService> {
  const database = await createTestDatabase((url) => migrateDatabase(url));
  const parsed = parseSettings({
    PORT: "0",
    DATABASE_URL: database.url,
    JWT_SECRET: testSecret,
    RATE_LIMIT_LOGIN: "0",
    RATE_LIMIT_REGISTER: "0",
    ...environment,
  });
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  const app = await createApp(parsed.settings, pino({ level: "silent" }));
  const url = `http://127.0.0.1:${await app.listen()}`;
  const sql = new Client({ connectionString: database.url });
  sql.on("error", () => undefined);
  await sql.connect();
  const validate = createResponseValidator(await readDocument(url));

  const ask: RunningService["ask"] = (method, path, options = {}) =>
    askService(url, method, path, options, validate);
  return {
    url,
    databaseUrl: database.url,
    sql,
    ask,
    async signIn(role = "subscriber") {
      const name = `user_${randomBytes(6).toString("hex")}`;
      const email = `${name}@example.org`;
      const body = { username: name, email, password: testPassword };
      const answer = await ask("POST", "/api/v1/auth/register", { body });
      if (answer.status !== 201) throw new Error(`registering failed: ${answer.text}`);
      const id = answer.textAt("data", "user", "id");
      if (role !== "subscriber") await sql.query("UPDATE users SET role = $2 WHERE id = $1", [id, role]);
      return {
        id,
        email,
        token: answer.textAt("data", "access_token"),
        refresh: answer.textAt("data", "refresh_token"),
      };
    },
    async stop() {
      await sql.end();
      await app.stop();
      await database.drop();
    },
  };
}

export async function readDocument(url: string): Promise<OpenApiDocument> {
  const response = await fetch(`${url}/openapi.json`);
  const document: unknown = await response.json();
  if (!isOpenApiDocument(document)) throw new Error("/openapi.json is no OpenAPI document");
  return document;
}

export async function askService(
  base: string,
  method: string,
  path: string,
  options: Ask = {},
  validate: ResponseValidator = () => null,
): Promise<Answer> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.token !== undefined) headers["authorization"] = `Bearer ${options.token}`;
  if (options.apiKey !== undefined) headers["x-api-key"] = options.apiKey;
  const body = encodeBody(options.body);
  if (body !== undefined) headers["content-type"] ??= "application/json";
  const response = await fetch(base + path, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  const json: unknown = text === "" ? undefined : JSON.parse(text);
  const problem = method === "HEAD" ? null : validate(method, path, response.status, json);
  if (problem !== null) throw new Error(problem);
  const at = (...place: readonly (string | number)[]): unknown => {
    let value: unknown = json;
    for (const key of place) {
      value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
    }
    return value;
  };
  const textAt = (...place: readonly (string | number)[]): string => {
    const value = at(...place);
    if (typeof value !== "string") throw new Error(`no text at ${place.join(".")} of ${text}`);
    return value;
  };
  return { status: response.status, headers: response.headers, text, json, at, textAt };
}

function encodeBody(body: unknown): string | Uint8Array<ArrayBuffer> | undefined {
  if (body === undefined || typeof body === "string") return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}
