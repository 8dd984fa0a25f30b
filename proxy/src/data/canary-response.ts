import { ServerResponse } from "node:http";
import type { IncomingMessage } from "node:http";

/** Who wants to know when a response is through or its connection gone. */
export interface ResponseOwner {
  onResponseClosed(): void;
}

/**
 * A response that knows its exchange, so that one shared listener serves all responses and no request needs a
 * closure for it.
 */
export class CanaryResponse extends ServerResponse {
  owner: ResponseOwner | null = null;

  constructor(request: IncomingMessage) {
    super(request);
    this.on("close", notifyOwner);
  }
}

function notifyOwner(this: CanaryResponse): void {
  const { owner } = this;
  this.owner = null;
  owner?.onResponseClosed();
}
