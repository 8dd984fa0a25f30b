import { EventEmitter, once } from "node:events";
import type { SerinProcess } from "./serin-process.ts";

/** The environment that makes a process open its inspector on a port of the system's choice. */
export const WITH_INSPECTOR = { NODE_OPTIONS: "--inspect=127.0.0.1:0" };

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly sessionId?: string; readonly message?: string };
}

/**
 * Runs code inside a process and its worker threads, through Node's inspector: the way to break what has no switch for
 * being broken.
 */
export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #messages = new EventEmitter();
  /** Sessions of the workers, in the order in which they came. */
  readonly workers: string[] = [];
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#messages.setMaxListeners(0);
    socket.addEventListener("message", (event) => {
      const message: Message = JSON.parse(String(event.data));
      const session = message.params?.sessionId;
      if (message.method === "NodeWorker.attachedToWorker" && session !== undefined)
        this.workers.push(session);
      if (message.method === "NodeWorker.detachedFromWorker" && session !== undefined)
        this.workers.splice(this.workers.indexOf(session), 1);
      if (message.id !== undefined) this.#messages.emit(`answer-${message.id}`);
      if (message.method === "NodeWorker.receivedMessageFromWorker") {
        const inner: Message = JSON.parse(message.params?.message ?? "{}");
        if (inner.id !== undefined) this.#messages.emit(`answer-${inner.id}`);
      }
    });
  }

  /** @param serin started {@link WITH_INSPECTOR} */
  static async attach(serin: SerinProcess): Promise<Inspector> {
    const url = /ws:\/\/\S+/.exec(serin.stderr)?.[0];
    if (url === undefined) throw new Error(`no inspector: ${serin.stderr}`);
    const socket = new WebSocket(url);
    await once(socket, "open");
    const inspector = new Inspector(socket);
    await inspector.#call("NodeWorker.enable", { waitForDebuggerOnStart: false });
    return inspector;
  }

  /** Runs code on the main thread. */
  async runInMain(expression: string): Promise<void> {
    await this.#call("Runtime.evaluate", { expression });
  }

  /** Runs code in a worker; does not wait, since the code may end it. */
  runInWorker(session: string, expression: string): Promise<void> {
    this.#lastId += 1;
    const id = this.#lastId;
    const message = JSON.stringify({ id, method: "Runtime.evaluate", params: { expression } });
    const answered = once(this.#messages, `answer-${id}`);
    this.#send("NodeWorker.sendMessageToWorker", { sessionId: session, message });
    return answered.then(() => undefined);
  }

  async #call(method: string, params: object): Promise<void> {
    const answered = once(this.#messages, `answer-${this.#lastId + 1}`);
    this.#send(method, params);
    await answered;
  }

  #send(method: string, params: object): void {
    this.#lastId += 1;
    this.#socket.send(JSON.stringify({ id: this.#lastId, method, params }));
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
