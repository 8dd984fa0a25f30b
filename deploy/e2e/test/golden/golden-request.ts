/** Who asks; tokens are each side's own. */
export type Who = "super_admin" | "admin" | "editor" | "author" | "contributor" | "subscriber";

/**
 * One request of the corpus, sent to both versions. `{{name}}` in path, body and headers stands for what an earlier answer of the
 * same side was kept for.
 */
export interface GoldenRequest {
  readonly method: string;
  /** Below `/api/v1` unless it begins with `//`, which is cut to one slash. */
  readonly path: string;
  readonly as?: Who;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, without a content type unless `headers` has one. */
  readonly raw?: string | Buffer;
  /** Keeps a text of the answer: a name, and its place in the body. */
  readonly keep?: readonly [name: string, ...place: string[]];
}

export const jsonType = { "content-type": "application/json" } as const;

export const get = (path: string, as?: Who): GoldenRequest =>
  as === undefined ? { method: "GET", path } : { method: "GET", path, as };

export const send = (method: string, path: string, json: unknown, as?: Who): GoldenRequest => ({
  method,
  path,
  json,
  ...(as === undefined ? {} : { as }),
});

/** What tells it from every other request of the corpus, and reads well in a list of differences. */
export function nameOf(request: GoldenRequest): string {
  const body = request.raw ?? (request.json === undefined ? "" : JSON.stringify(request.json));
  const parts = [
    request.as ?? "nobody",
    request.method,
    shorten(request.path),
    request.headers === undefined ? "" : shorten(JSON.stringify(request.headers)),
    shorten(typeof body === "string" ? JSON.stringify(body).slice(1, -1) : `bytes ${body.toString("hex")}`),
  ];
  return parts.filter((part) => part !== "").join(" ");
}

function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 100)}... (${text.length} characters)`;
}
