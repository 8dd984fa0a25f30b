import { Socket } from "node:net";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { AnswerFilter } from "../../../src/upstream/answer-filter.ts";

const FINAL = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const HINT = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

/** What comes out when that arrives in those pieces; `null` when the socket was ended instead. */
function filter(text: string, cuts: readonly number[] = [], mayUpgrade = false): string | null {
  const socket = new Socket();
  socket.on("error", () => undefined);
  let out = "";
  const filtering = new AnswerFilter(socket, (chunk) => {
    out += chunk?.toString("latin1") ?? "";
    return true;
  });
  filtering.expectAnswer(mayUpgrade);
  const ends = [...cuts.map((cut) => cut % (text.length + 1)), text.length].toSorted((a, b) => a - b);
  let at = 0;
  for (const end of ends) {
    if (end > at && !socket.destroyed) filtering.take(Buffer.from(text.slice(at, end), "latin1"));
    at = end;
  }
  if (!socket.destroyed) filtering.take(null);
  return socket.destroyed ? null : out;
}

test("interim answers but 103 are swallowed, wherever the pieces are cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(CONTINUE, HINT, "HTTP/1.1 102 Processing\r\nx: y\r\n\r\n"), { maxLength: 8 }),
      fc.array(fc.nat(2_000), { maxLength: 20 }),
      (interim, cuts) => {
        const hints = interim.filter((one) => one === HINT).join("");
        expect(filter(interim.join("") + FINAL, cuts)).toBe(hints + FINAL);
      },
    ),
  );
});

test("what follows the final status line passes untouched, whatever it is", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(400), { maxLength: 5 }), (bytes, cuts) => {
      const text = `HTTP/1.1 404 Not Found\r\n${Buffer.from(bytes).toString("latin1")}`;
      expect(filter(text, cuts)).toBe(text);
    }),
  );
});

test("what is no HTTP/1 answer ends the socket", () => {
  for (const text of [
    "HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/1.1 000 Zero\r\n\r\n",
    "HTTP/1.1 099 Low\r\n\r\n",
    "HTTP/1.1 600 High\r\n\r\n",
    "HTTP/1.1 2x0 Odd\r\n\r\n",
    "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "SSH-2.0-OpenSSH_9.9\r\n",
    "HTTP/1.1 304 Not Modified\r\rtransfer-encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 100 Continue\r\nx: y\n\r\n\r\n",
  ])
    expect(filter(text), text).toBeNull();
});

test("a 101 passes only where an upgrade was asked for", () => {
  const switching = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n\x81\x05hello";
  expect(filter(switching)).toBeNull();
  expect(filter(switching, [], true)).toBe(switching);
  expect(filter(CONTINUE + HINT + switching, [], true)).toBe(switching);
});

test("a flood of interim answers and one without an end end the socket", () => {
  expect(filter(CONTINUE.repeat(32) + FINAL)).toBe(FINAL);
  expect(filter(CONTINUE.repeat(33) + FINAL)).toBeNull();
  expect(filter(`HTTP/1.1 100 Continue\r\n${"x: y\r\n".repeat(4_000)}`)).toBeNull();
});

test("bytes between an answer and the next request end the socket, in a way that costs no waiting request", () => {
  const socket = new Socket();
  let code: unknown;
  socket.on("error", (error: NodeJS.ErrnoException) => {
    code = error.code;
  });
  const filtering = new AnswerFilter(socket, () => true);
  filtering.expectAnswer(false);
  filtering.take(Buffer.from(FINAL));
  filtering.answerEnded();
  filtering.take(Buffer.from("more"));
  expect(socket.destroyed).toBe(true);
  return expect.poll(() => code).toBe("UND_ERR_SOCKET");
});
