import type { Server, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { readProxyHeader } from "../net/proxy-header.ts";
import { plainAddress } from "./client-address.ts";

export interface ProxyProtocolOptions {
  /** Whether a peer's word about its clients counts; others are taken for clients themselves. */
  readonly isTrusted: (address: string) => boolean;
  /** How long the header may take. */
  readonly timeoutMs: number;
}

/**
 * Has a server read a PROXY protocol header from trusted peers before anything else sees the connection, which then
 * has the client's address as its `remoteAddress`. To be called when all the server's own listeners are there.
 *
 * A trusted peer that sends no header is refused: a client could otherwise send one through it.
 */
export function expectProxyHeaders(server: Server, options: ProxyProtocolOptions): void {
  /** Clients of connections under TLS, by peer address and port: the encrypted socket is another object. */
  const clients = new Map<string, string>();
  const listeners = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const pass = (): void => {
      for (const listener of listeners) Reflect.apply(listener, server, [socket]);
    };
    if (!options.isTrusted(plainAddress(socket.remoteAddress ?? ""))) {
      pass();
      return;
    }
    awaitHeader(socket, options.timeoutMs, (address) => {
      if (address !== null) {
        const key = peerKey(socket);
        clients.set(key, address);
        socket.once("close", () => clients.delete(key));
        setAddress(socket, address);
      }
      pass();
    });
  });
  server.prependListener("secureConnection", (socket: unknown) => {
    if (!(socket instanceof TLSSocket)) return;
    const address = clients.get(peerKey(socket));
    if (address !== undefined) setAddress(socket, address);
  });
}

function awaitHeader(socket: Socket, timeoutMs: number, done: (address: string | null) => void): void {
  let soFar: Buffer = Buffer.alloc(0);
  const deadline = setTimeout(() => socket.destroy(), timeoutMs);
  const onGone = (): void => {
    clearTimeout(deadline);
    socket.destroy();
  };
  const onReadable = (): void => {
    for (let chunk: unknown = socket.read(); Buffer.isBuffer(chunk); chunk = socket.read())
      soFar = Buffer.concat([soFar, chunk]);
    const header = readProxyHeader(soFar);
    if (header.state === "partial") return;
    clearTimeout(deadline);
    socket.off("readable", onReadable).off("error", onGone).off("end", onGone);
    if (header.state === "bad") {
      socket.destroy();
      return;
    }
    if (soFar.length > header.length) socket.unshift(soFar.subarray(header.length));
    done(header.address);
  };
  socket.on("readable", onReadable).on("error", onGone).on("end", onGone);
}

function peerKey(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

function setAddress(socket: Socket, address: string): void {
  Object.defineProperty(socket, "remoteAddress", { value: address, configurable: true });
}
