/** A crowd in a process of its own, so that it costs the measuring process nothing: `crowd-child.ts PORT IDLE_CONNECTIONS`. */
import { connect } from "node:net";
import type { Socket } from "node:net";

/** Loopback addresses that the connections come from, so that the ports of one are never all taken. */
const SOURCES = 20;
const OPENED_AT_ONCE = 200;
const SLOW_HEADERS = 200;
const SLOW_READERS = 100;

/** One connection that must last: when Serin closes it, this process ends, which is seen. */
function open(port: number, place: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const localAddress = `127.0.0.${10 + (place % SOURCES)}`;
    const socket = connect({ port, host: "127.0.0.1", localAddress }, () => resolve(socket));
    socket.on("error", reject);
    socket.on("close", () => process.exit(1));
  });
}

async function openMany(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const size = Math.min(OPENED_AT_ONCE, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: size }, (_, i) => open(port, i)))));
  }
  return sockets;
}

/** Sends headers byte by byte, and asks for large answers that it never reads. */
async function attack(port: number): Promise<void> {
  for (const socket of await openMany(port, SLOW_HEADERS)) {
    socket.write("GET / HTTP/1.1\r\nHost: a.test\r\nX-Slow: ");
    setInterval(() => socket.write("a"), 500);
  }
  for (const socket of await openMany(port, SLOW_READERS)) {
    socket.pause();
    socket.write("GET /big HTTP/1.1\r\nHost: a.test\r\n\r\n");
  }
}

const port = Number(process.argv[2]);
await openMany(port, Number(process.argv[3]));
process.send?.("idle");
process.once("message", () => {
  void attack(port).then(() => process.send?.("attacking"));
});
