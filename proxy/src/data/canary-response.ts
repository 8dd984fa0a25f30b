import { ServerResponse } from "node:http";
import type { IncomingMessage } from "node:http";
import type { ClientConnection } from "./client-connection.ts";
import type { Failure } from "./failure.ts";

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
}

function onClose(this: CanaryResponse): void {
  const { owner, client } = this;
  this.owner = null;
  owner?.onResponseClosed();
  client?.onAnswered();
}
