import type { Random } from "./random.ts";

/** How an upstream goes on after it has sent its bytes. */
export type Ending = "keep" | "close" | "reset";

/** Marks the bytes of one input, so that they are recognised wherever they turn up. */
export function markOf(seed: number): string {
  return `<seed ${seed}>`;
}

/** An answer to a request, valid for the most part. One character per byte. */
export function growAnswer(random: Random, seed: number, method: string): string {
  let answer = "";
  while (random.chance(0.15)) answer += growInterim(random);
  const status = random.pick([
    "200",
    "200",
    "200",
    "201",
    "204",
    "205",
    "301",
    "304",
    "404",
    "500",
    "503",
    "599",
  ]);
  answer += `HTTP/1.${random.chance(0.9) ? 1 : 0} ${status} ${random.pick(["OK", "", "Not Found", "Tr\xe8s bien"])}\r\n`;
  answer += growFields(random);
  const body = markOf(seed) + "x".repeat(random.chance(0.1) ? random.below(70_000) : random.below(200));
  const bodiless = method === "HEAD" || status === "204" || status === "304";
  const framing = random.below(10);
  if (framing < 5) answer += `content-length: ${bodiless && status === "204" ? 0 : body.length}\r\n\r\n`;
  else if (framing < 9) answer += "transfer-encoding: chunked\r\n\r\n";
  else answer += "\r\n";
  if (bodiless) return random.chance(0.9) ? answer : answer + body;
  if (framing < 5) answer += body;
  else if (framing < 9) answer += growChunks(random, body);
  else answer += body;
  if (random.chance(0.05)) answer += growAnswer(random, seed, method);
  return answer;
}

function growInterim(random: Random): string {
  return random.pick([
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 102 Processing\r\nx-a: b\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
  ]);
}

function growFields(random: Random): string {
  let fields = "";
  while (random.chance(0.6)) {
    fields += random.pick([
      "content-type: text/plain\r\n",
      "content-type: text/event-stream\r\n",
      "set-cookie: a=1\r\n",
      "connection: close\r\n",
      "connection: keep-alive, x-gone\r\n",
      "keep-alive: timeout=5\r\n",
      "trailer: x-t\r\n",
      "x-gone: 1\r\n",
      "x-utf8: \xc3\xa9\r\n",
      "x-empty:\r\n",
      `x-long: ${"l".repeat(random.below(2_000))}\r\n`,
      "content-encoding: gzip\r\n",
      "location: /elsewhere\r\n",
    ]);
  }
  return fields;
}

function growChunks(random: Random, body: string): string {
  let text = "";
  let at = 0;
  while (at < body.length) {
    const size = 1 + random.below(body.length);
    const chunk = body.slice(at, at + size);
    const extension = random.chance(0.1) ? ";a=b" : "";
    text += `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`;
    at += size;
  }
  return `${text}0\r\n${random.chance(0.1) ? "x-t: 1\r\n" : ""}\r\n`;
}
