/** Body of the small answer: 268 bytes of JSON, as an API gives for one item. */
export const SMALL_BODY = JSON.stringify({ id: 1, title: "A title", text: "x".repeat(232) });
export const UPLOAD_BYTES = 16_384;
export const LARGE_BYTES = 1_048_576;
export const SLOW_ANSWER_MS = 50;
/** A stream's chunk is one event of this many bytes, sent this often. */
export const EVENT_BYTES = 100;
export const EVENT_EVERY_MS = 20;

/** Bytes that are cheap to make and easy to tell from others: a repeating count. */
export function countingBytes(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i += 1) bytes[i] = (i * 31 + (i >> 8)) & 0xff;
  return bytes;
}

/** The request headers of all workloads beside Host and the identity: what browsers and API clients send. */
export const REQUEST_HEADERS = {
  "user-agent":
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
  accept: "application/json, text/plain, */*",
  "accept-language": "en-GB,en;q=0.9",
  "accept-encoding": "gzip, deflate, br",
  cookie: "theme=dark; visit=1719400000",
  "cache-control": "no-cache",
} as const;

/** The header that the split goes by, and how many different users send it. */
export const IDENTITY_HEADER = "x-user-id";
export const IDENTITIES = 1_000;
