import { request } from "node:http";
import type { Agent } from "node:http";
import { WebSocket } from "ws";

/** One request of the mixed traffic. */
export interface Ask {
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly identity: string;
  /** Bytes of the request's body. */
  readonly bodyBytes?: number;
  /** Ends the connection when half of the body is sent. */
  readonly abortUpload?: boolean;
  /** Ends the connection when the first bytes of the answer are there. */
  readonly abortDownload?: boolean;
  /** What a whole answer's body holds. */
  readonly expectBytes?: number;
}

/** Asks once; the status of a whole answer, `aborted` by this side, `cut` by the other, or the code of an error. */
export function ask(port: number, agent: Agent, what: Ask): Promise<string> {
  return new Promise((resolve) => {
    const { path, identity, bodyBytes = 0 } = what;
    const headers = { "x-user-id": identity, "content-length": bodyBytes };
    const options = { host: "127.0.0.1", port, agent, path, method: what.method ?? "GET", headers };
    const sent = request(options, (response) => {
      let received = 0;
      response.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (what.abortDownload !== true) return;
        resolve("aborted");
        sent.destroy();
      });
      response.on("end", () => {
        const whole = what.expectBytes === undefined || what.expectBytes === received;
        resolve(whole ? String(response.statusCode) : "short");
      });
      response.on("error", () => resolve("cut"));
    });
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    if (what.abortUpload === true) {
      sent.write(Buffer.alloc(bodyBytes / 2), () => {
        resolve("aborted");
        sent.destroy();
      });
    } else sent.end(Buffer.alloc(bodyBytes));
  });
}

/** Opens a tunnel, has one message echoed, holds it and ends it: `closed` in order, or `terminated` without a word. */
export function holdTunnel(
  port: number,
  identity: string,
  holdMs: number,
  end: "closed" | "terminated",
): Promise<string> {
  return new Promise((resolve) => {
    const tunnel = new WebSocket(`ws://127.0.0.1:${port}/tunnel`, { headers: { "x-user-id": identity } });
    let echoed = false;
    tunnel.on("open", () => {
      tunnel.send("hello");
      setTimeout(() => (end === "closed" ? tunnel.close() : tunnel.terminate()), holdMs);
    });
    tunnel.on("message", () => {
      echoed = true;
    });
    tunnel.on("error", (error) => resolve(error.message));
    tunnel.on("close", () => resolve(echoed ? end : "no echo"));
  });
}
