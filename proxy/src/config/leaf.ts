import { isIP } from "node:net";
import { parseIdentitySource, tokenPattern } from "./identity-source.ts";
import { parsePercentage } from "./percentage.ts";
import type { WorkerCount } from "./config.ts";

/** How text (an environment variable, a quoted value) becomes a value; see `coerce.ts`. */
export type LeafKind = "integer" | "boolean" | "percentage" | "workers" | "text" | "list" | "json";

/** Something wrong inside a value. `at` is where, relative to the leaf: empty, or `[0].prefix`. */
export interface Finding {
  readonly at: string;
  readonly value: unknown;
  readonly expected: string;
  /** Set when the finding is a key that does not exist, with the nearest that does. */
  readonly unknownKey?: { readonly suggestion: string | undefined };
}

/** One configurable value: everything that loading, checking and documenting it needs. */
export interface Leaf<T> {
  readonly kind: LeafKind;
  readonly default: T;
  readonly doc: string;
  /** What is accepted, as a phrase that can follow "expected". */
  readonly expected: string;
  /** Everything wrong with a value; empty means it is a T. */
  readonly findings: (value: unknown) => readonly Finding[];
  /** The variable that sets it, when not the one derived from its path. */
  readonly env?: string;
  /** Never shown, logged or reported. */
  readonly secret?: boolean;
  /** Takes effect at the next start only: a reload that changes it is refused. */
  readonly restart?: boolean;
}

type LeafOptions = Pick<Leaf<unknown>, "env" | "secret" | "restart">;

function leaf<T>(
  kind: LeafKind,
  fallback: T,
  doc: string,
  expected: string,
  accepts: (value: unknown) => boolean,
  options: LeafOptions = {},
): Leaf<T> {
  const findings = (value: unknown): readonly Finding[] =>
    accepts(value) ? [] : [{ at: "", value, expected }];
  return { kind, default: fallback, doc, expected, findings, ...options };
}

export function integer(
  fallback: number,
  least: number,
  most: number,
  doc: string,
  options?: LeafOptions,
): Leaf<number> {
  const accepts = (value: unknown): boolean =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
  return leaf("integer", fallback, doc, `an integer from ${least} to ${most}`, accepts, options);
}

/** A duration in milliseconds, at most what a Node timer can hold (2^31 - 1, about 24 days). */
export function milliseconds(
  fallback: number,
  least: number,
  doc: string,
  options?: LeafOptions,
): Leaf<number> {
  const most = 2_147_483_647;
  const base = integer(fallback, least, most, doc, options);
  const expected = `milliseconds, an integer from ${least} to ${most}`;
  return {
    ...base,
    expected,
    findings: (value) => base.findings(value).map((one) => ({ ...one, expected })),
  };
}

export function boolean(fallback: boolean, doc: string, options?: LeafOptions): Leaf<boolean> {
  return leaf("boolean", fallback, doc, "true or false", (value) => typeof value === "boolean", options);
}

export function percentage(fallback: number, doc: string, options?: LeafOptions): Leaf<number> {
  const expected = "a percentage from 0 to 100 with at most 4 decimals";
  const accepts = (value: unknown): boolean =>
    typeof value === "number" && parsePercentage(String(value)) !== null;
  return leaf("percentage", fallback, doc, expected, accepts, options);
}

export function workerCount(
  fallback: WorkerCount,
  most: number,
  doc: string,
  options?: LeafOptions,
): Leaf<WorkerCount> {
  const accepts = (value: unknown): boolean =>
    value === "auto" || (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most);
  return leaf("workers", fallback, doc, `"auto" or an integer from 1 to ${most}`, accepts, options);
}

/** Text that matches a pattern as a whole; `expected` says in words what the pattern means. */
export function text(
  fallback: string,
  pattern: RegExp,
  expected: string,
  doc: string,
  options?: LeafOptions,
): Leaf<string> {
  return leaf(
    "text",
    fallback,
    doc,
    expected,
    (value) => typeof value === "string" && pattern.test(value),
    options,
  );
}

export function oneOf<const T extends string>(
  fallback: NoInfer<T>,
  choices: readonly T[],
  doc: string,
  options?: LeafOptions,
): Leaf<T> {
  const accepts = (value: unknown): boolean => choices.some((choice) => choice === value);
  return leaf("text", fallback, doc, `one of ${choices.join(", ")}`, accepts, options);
}

const hostNamePattern =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/** An address or a name to listen on; IPv6 without brackets. */
export function host(fallback: string, doc: string, options?: LeafOptions): Leaf<string> {
  const accepts = (value: unknown): boolean =>
    typeof value === "string" &&
    (isIP(value) !== 0 || (hostNamePattern.test(value) && !/^[\d.]+$/.test(value)));
  return leaf("text", fallback, doc, "an IP address or a host name", accepts, options);
}

/** `http://host:port` or `https://host:port`: no user, path, query or fragment. */
export function originUrl(fallback: string, doc: string, options?: LeafOptions): Leaf<string> {
  const expected = "an http:// or https:// address without user, path or query";
  const accepts = (value: unknown): boolean => {
    const url = typeof value === "string" && /^https?:\/\//.test(value) ? URL.parse(value) : null;
    // Everything past the authority must be absent, also what URL hides: "?" alone leaves `search` empty.
    return (
      url !== null &&
      url.username === "" &&
      url.password === "" &&
      /^https?:\/\/[^/?#@\\\s]+\/?$/.test(String(value))
    );
  };
  const base = leaf("text", fallback, doc, expected, accepts, options);
  // A refused address may carry a password; it must not reach a log.
  const findings = (value: unknown): readonly Finding[] =>
    base.findings(value).map((finding) => ({
      ...finding,
      value: typeof value === "string" ? value.replace(/\/\/[^/]*@/, "//***@") : value,
    }));
  return { ...base, findings };
}

/** A list of text, each entry accepted by `accepts`; `expected` describes one entry. */
export function textList(
  fallback: readonly string[],
  least: number,
  most: number,
  expected: string,
  accepts: (entry: string) => boolean,
  doc: string,
): Leaf<readonly string[]> {
  const whole = `a list of ${least} to ${most} entries, each ${expected}`;
  const findings = (value: unknown): readonly Finding[] => {
    if (!Array.isArray(value) || value.length < least || value.length > most) {
      return [{ at: "", value, expected: whole }];
    }
    const entries: readonly unknown[] = value;
    const found: Finding[] = [];
    for (const [index, entry] of entries.entries()) {
      if (typeof entry !== "string" || !accepts(entry)) {
        found.push({ at: `[${index}]`, value: entry, expected });
      } else if (entries.indexOf(entry) !== index) {
        found.push({ at: `[${index}]`, value: entry, expected: "each entry once" });
      }
    }
    return found;
  };
  return { kind: "list", default: fallback, doc, expected: whole, findings };
}

export function identitySources(fallback: readonly string[], doc: string): Leaf<readonly string[]> {
  const expected = "header:NAME, jwt:CLAIM, cookie:NAME or ip";
  return textList(fallback, 1, 16, expected, (entry) => parseIdentitySource(entry) !== null, doc);
}

export function networks(fallback: readonly string[], doc: string): Leaf<readonly string[]> {
  return textList(fallback, 0, 256, "an IP address or a CIDR block", isNetwork, doc);
}

function isNetwork(entry: string): boolean {
  const slash = entry.indexOf("/");
  const family = isIP(slash === -1 ? entry : entry.slice(0, slash));
  // Zone ids ("fe80::1%eth0") name an interface, not a network.
  if (family === 0 || entry.includes("%")) {
    return false;
  }
  const length = slash === -1 ? "0" : entry.slice(slash + 1);
  return /^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
}

export function cookieName(fallback: string, doc: string): Leaf<string> {
  return text(fallback, tokenPattern, "a cookie name (letters, digits and !#$%&'*+-.^_`|~)", doc);
}
