import { ServerResponse } from "node:http";
import type { IncomingMessage } from "node:http";
import type { ClientConnection } from "./client-connection.ts";
import type { Failure } from "./failure.ts";

/** Bodies up to this many bytes are copied, so that they leave with the head in one piece. */
const JOINED_BYTES = 4_096;

/** Who answers a request: hears when the response is through or its connection gone, and when the request breaks off. */
export interface ResponseOwner {
  onResponseClosed(): void;
  /** The rest of the request will not come: it is not valid HTTP, or late. The owner answers if it still can. */
  onRequestBroken(failure: Failure): void;
}

/**
 * A response that knows its exchange and its connection, so that one shared listener serves all responses and no
 * request needs a closure for it.
 */
export class CanaryResponse extends ServerResponse {
  owner: ResponseOwner | null = null;
  client: ClientConnection | null = null;

  constructor(request: IncomingMessage) {
    super(request);
    this.on("close", onClose);
  }

  /**
   * Sends a body that has come whole, behind a head that has not been sent. Left to itself, Node hands the system
   * head, body and an empty end as three pieces; a body that is text it joins to the head, and an end that finds all
   * written adds nothing. That saves a tenth of a small request (docs/performance.md).
   */
  endWhole(body: Buffer): void {
    const { socket } = this;
    // No socket: an answer ahead of this one, on the same connection, is not through.
    if (socket === null || body.length > JOINED_BYTES) {
      this.end(body);
      return;
    }
    socket.cork();
    this.write(body.toString("latin1"), "latin1");
    socket.uncork();
    this.end();
  }
}

function onClose(this: CanaryResponse): void {
  const { owner, client } = this;
  this.owner = null;
  owner?.onResponseClosed();
  client?.onAnswered();
}
