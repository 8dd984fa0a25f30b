import { Agent, request } from "node:http";

/** Clients that ask one request after the other on kept connections, and note every one that fails. */
export class Load {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #clients: readonly Promise<void>[];
  #running = true;
  /** Requests answered well. */
  answered = 0;
  /** What went wrong, one entry per failed request. */
  readonly failures: string[] = [];
  readonly #path: () => string;

  constructor(url: string, clients: number, path: () => string = () => "/") {
    this.#url = url;
    this.#path = path;
    this.#agent = new Agent({ keepAlive: true, maxSockets: clients });
    this.#clients = Array.from({ length: clients }, () => this.#run());
  }

  /** Lets each client finish the request it is at. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#clients);
    this.#agent.destroy();
  }

  async #run(): Promise<void> {
    while (this.#running) {
      const failure = await this.#ask();
      if (failure === null) this.answered += 1;
      else this.failures.push(failure);
    }
  }

  #ask(): Promise<string | null> {
    return new Promise((resolve) => {
      const sent = request(this.#url + this.#path(), { agent: this.#agent }, (response) => {
        const { statusCode = 0 } = response;
        response.resume();
        response.on("end", () => resolve(statusCode < 500 ? null : String(statusCode)));
        response.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      });
      sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      sent.end();
    });
  }
}
