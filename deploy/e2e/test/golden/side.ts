import { pickText } from "../../src/ask.ts";
import { createRawClient } from "../../src/raw-request.ts";
import type { RawAnswer } from "../../src/raw-request.ts";
import { seedPassword } from "../../../database/src/seed-rows.ts";
import type { GoldenRequest, Who } from "./golden-request.ts";

/** What two answers are compared by: a status, headers and a body without what differs from run to run. */
export interface Essence {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One version on its own database. */
export interface Side {
  answer(request: GoldenRequest): Promise<Essence>;
  close(): void;
}

const whoever: readonly Who[] = ["super_admin", "admin", "editor", "author", "contributor", "subscriber"];
/** Of the connection or of the moment; the body's length is compared by the body itself, but for HEAD. */
const passingHeaders = new Set(["date", "connection", "keep-alive", "transfer-encoding"]);

export async function openSide(baseUrl: string, startedAt: number): Promise<Side> {
  const client = createRawClient(baseUrl);
  const kept = new Map<string, string>();
  const numbers = new Map<string, number>();
  const fill = (text: string): string =>
    text.replaceAll(/\{\{(\w+)\}\}/gu, (_, name: string) => {
      const value = kept.get(name);
      if (value === undefined) throw new Error(`nothing was kept as ${name}`);
      return value;
    });
  const json = { "content-type": "application/json" };
  for (const who of whoever) {
    const body = JSON.stringify({ email: `${who.replace("_", ".")}@example.com`, password: seedPassword });
    const answer = await client.send("POST", "/api/v1/auth/login", json, body);
    kept.set(who, pickText(JSON.parse(answer.text), "data", "access_token"));
  }
  return {
    answer: async (request) => {
      const answer = await client.send(...prepare(request, fill));
      if (request.keep !== undefined) {
        const [name, ...place] = request.keep;
        kept.set(name, pickText(JSON.parse(answer.text), ...place));
      }
      return essenceOf(answer, numbers, startedAt);
    },
    close: () => client.close(),
  };
}

function prepare(
  request: GoldenRequest,
  fill: (text: string) => string,
): Parameters<ReturnType<typeof createRawClient>["send"]> {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    headers[name] = typeof value === "string" ? fill(value) : value;
  }
  if (request.as !== undefined) headers["authorization"] = fill(`Bearer {{${request.as}}}`);
  if (request.json !== undefined) headers["content-type"] = "application/json";
  const path = request.path.startsWith("//") ? request.path.slice(1) : `/api/v1${request.path}`;
  const body = request.json === undefined ? request.raw : fill(JSON.stringify(request.json));
  return body === undefined
    ? [request.method, fill(path), headers]
    : [request.method, fill(path), headers, body];
}

function essenceOf(answer: RawAnswer, numbers: Map<string, number>, startedAt: number): Essence {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (!passingHeaders.has(name)) headers[name] = String(value);
  }
  return { status: answer.status, headers, body: withoutLuck(answer.text, numbers, startedAt) };
}

/**
 * Puts names in place of what chance and the clock decide. Ids of this run (random, so of version 4; seeded ones are of
 * version 8) get the number of their first appearance, so that the same id has to come back in the same places. Times from
 * before the run are data and stay.
 */
function withoutLuck(text: string, numbers: Map<string, number>, startedAt: number): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/gu, (time) =>
      Date.parse(time) < startedAt ? time : "<now>",
    )
    .replaceAll(/[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}/gu, (id) => {
      if (/^0{8}/u.test(id)) return id;
      const number = numbers.get(id) ?? numbers.size + 1;
      numbers.set(id, number);
      return `<id ${number}>`;
    })
    .replaceAll(/"(eyJ[\w-]+)\.([\w-]+)\.[\w-]{43}"/gu, (_, head: string, claims: string) => {
      const decoded: unknown = JSON.parse(Buffer.from(claims, "base64url").toString());
      return `"<token ${Buffer.from(head, "base64url").toString()} ${Object.keys(Object(decoded)).join(" ")}>"`;
    })
    .replaceAll(/"refresh_token":"[\w-]{43}"/gu, '"refresh_token":"<43>"')
    .replaceAll(/"key":"cms_[\w-]{43}"/gu, '"key":"<key>"')
    .replaceAll(/"prefix":"cms_[\w-]{8}"/gu, '"prefix":"<prefix>"');
}
