/** What an upstream's bytes say, read strictly by RFC 9112. */
export type StrictAnswer =
  | { readonly state: "whole"; readonly status: number; readonly body: string }
  /** A chunk extension out of the ordinary: refused by some, ignored by others; either is right. */
  | { readonly state: "odd" }
  /** Not whole, or not valid. */
  | { readonly state: "broken" };

const BROKEN: StrictAnswer = { state: "broken" };
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const CHUNK_LINE = /^([0-9A-Fa-f]{1,16})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

const PLAIN_CHUNK_LINE = /^[0-9A-Fa-f]+(?:;[0-9A-Za-z]+=[0-9A-Za-z]+)?$/;

/**
 * The final answer at the start of the bytes, after interim ones.
 *
 * @param ended the upstream closed its side in order after these bytes
 */
export function readStrictAnswer(bytes: string, method: string, ended: boolean): StrictAnswer {
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) return BROKEN;
    const [line = "", ...fields] = rest.slice(0, end).split("\r\n");
    const status = Number(STATUS_LINE.exec(line)?.[1] ?? 0);
    if (status === 0 || status === 101) return BROKEN;
    rest = rest.slice(end + 4);
    if (status < 200) continue;
    let length = -1;
    let chunked = false;
    for (const field of fields) {
      const colon = field.indexOf(":");
      const name = field.slice(0, Math.max(0, colon)).toLowerCase();
      const value = field.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, "");
      if (!TOKEN.test(name) || !FIELD_VALUE.test(value)) return BROKEN;
      if (name === "content-length") {
        if (length !== -1 || !/^\d{1,15}$/.test(value)) return BROKEN;
        length = Number(value);
      } else if (name === "transfer-encoding") {
        if (chunked || value.toLowerCase() !== "chunked") return BROKEN;
        chunked = true;
      }
    }
    if (chunked && length !== -1) return BROKEN;
    if (method === "HEAD" || status === 204 || status === 304) return { state: "whole", status, body: "" };
    if (chunked) return readChunks(rest, status);
    if (length !== -1)
      return rest.length < length ? BROKEN : { state: "whole", status, body: rest.slice(0, length) };
    return ended ? { state: "whole", status, body: rest } : BROKEN;
  }
}

function readChunks(text: string, status: number): StrictAnswer {
  let body = "";
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    const size = lineEnd === -1 ? undefined : CHUNK_LINE.exec(text.slice(at, lineEnd))?.[1];
    if (size === undefined) return BROKEN;
    if (!PLAIN_CHUNK_LINE.test(text.slice(at, lineEnd))) return { state: "odd" };
    const length = Number.parseInt(size, 16);
    at = lineEnd + 2;
    if (length === 0) return readTrailers(text.slice(at)) ? { state: "whole", status, body } : BROKEN;
    if (text.slice(at + length, at + length + 2) !== "\r\n") return BROKEN;
    body += text.slice(at, at + length);
    at += length + 2;
  }
}

function readTrailers(text: string): boolean {
  if (text.startsWith("\r\n")) return true;
  const end = text.indexOf("\r\n\r\n");
  return (
    end !== -1 &&
    text
      .slice(0, end)
      .split("\r\n")
      .every(
        (field) => TOKEN.test(field.slice(0, Math.max(0, field.indexOf(":")))) && FIELD_VALUE.test(field),
      )
  );
}
