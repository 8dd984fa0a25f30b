import { valuesOf } from "../test/process/strict-parser.ts";
import type { ParsedRequest } from "../test/process/strict-parser.ts";

/**
 * What of a request must be the same at the client and at the upstream, in one text that can be compared: method,
 * target, Host, end-to-end headers in order, framing and body. Written from RFC 9110 §7.6 and the documented header
 * rules, without the guard's code.
 */
export function essenceOf(request: ParsedRequest, side: "client" | "upstream"): string {
  const nominated = new Set(
    valuesOf(request.headers, "connection")
      .flatMap((value) => value.toLowerCase().split(","))
      .map((name) => name.trim()),
  );
  const headers = request.headers.filter(([name]) => {
    if (DROPPED.has(name) || name.startsWith("x-forwarded-")) return false;
    if (side === "upstream") return true;
    const dashed = name.replaceAll("_", "-");
    const isTwin = name.includes("_") && (DROPPED.has(dashed) || dashed.startsWith("x-forwarded-"));
    const isIdentityTwin = name.includes("_") && IDENTITY.has(dashed);
    return !isTwin && !isIdentityTwin && (!nominated.has(name) || IDENTITY.has(name));
  });
  const shown = headers.map(([name, value]) => [name, name === "cookie" ? withoutOverride(value) : value]);
  const { authority, target } = originForm(request.target);
  return JSON.stringify({
    method: request.method,
    target,
    host: authority ?? valuesOf(request.headers, "host")[0] ?? null,
    headers: shown.filter(([name, value]) => name !== "cookie" || value !== ""),
    // An empty body may be framed either way, or not at all.
    chunked: request.chunked && request.body !== "",
    body: request.body,
  });
}

/** End at the proxy, or are set anew by it. */
const DROPPED: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "expect",
  "max-forwards",
  "host",
  "content-length",
  "forwarded",
  "via",
  "x-real-ip",
  "x-request-id",
  "x-canary",
  "x-canary-token",
  "x-canary-version",
]);

const IDENTITY: ReadonlySet<string> = new Set(["x-user-id", "authorization", "cookie"]);

function withoutOverride(cookie: string): string {
  if (!cookie.includes("x-canary")) return cookie;
  const kept = cookie.split(";").filter((pair) => pair.split("=")[0]?.trim() !== "x-canary");
  return kept.join(";").trim();
}

function originForm(target: string): { authority: string | null; target: string } {
  const absolute = /^https?:\/\/([^/?]*)(.*)$/is.exec(target);
  const authority = absolute?.[1] ?? null;
  const rest = absolute === null ? target : (absolute[2] ?? "");
  const origin = rest.startsWith("/") ? rest : `/${rest}`;
  const [path = "", ...query] = origin.split("?");
  const normal = path
    .replaceAll(/%[0-9a-f]{2}/gi, (escape) => escape.toUpperCase())
    .replaceAll(/%(?:2D|2E|5F|7E|3[0-9]|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A])/g, (escape) =>
      String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
    );
  return { authority, target: [normal, ...query].join("?") };
}
