import { readFileSync } from "node:fs";
import { Socket, isIP } from "node:net";
import { createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";
import { buildConnector } from "undici";
import type { UpstreamSettings } from "../config/snapshot.ts";
import { AnswerFilter } from "./answer-filter.ts";

/** How undici gets its sockets: the settings' TLS, and the filter on every one of them. */
export interface Connector {
  readonly connect: buildConnector.connector;
  /** Name to give undici with every request, so that the request's Host never chooses the one in the handshake. */
  readonly servername: string;
}

export interface ConnectorOptions {
  /** A socket that was closed by one side stays open for the other: for tunnels. */
  readonly allowHalfOpen: boolean;
  /** Called with every socket as soon as it is connected. */
  readonly onSocket: (filter: AnswerFilter) => void;
}

/** Where the certificate authorities come from: read once per set of settings. */
export class TlsTrust {
  readonly #context: SecureContext | null = null;
  readonly #error: Error | null = null;

  /** Never throws: an authority file that cannot be read fails the connections, not the worker. */
  constructor(settings: UpstreamSettings) {
    const { caFile } = settings.tls;
    if (!settings.origin.startsWith("https:") || caFile === "") return;
    try {
      this.#context = createSecureContext({ ca: readFileSync(caFile) });
    } catch (cause) {
      this.#error = Object.assign(new Error(`cannot read ${caFile}`, { cause }), {
        code: "ERR_TLS_CA_FILE",
      });
    }
  }

  get context(): SecureContext | null {
    return this.#context;
  }

  get error(): Error | null {
    return this.#error;
  }
}

/** The connections of one upstream, as undici opens them. */
export function createConnector(
  settings: UpstreamSettings,
  trust: TlsTrust,
  options: ConnectorOptions,
): Connector {
  const host = new URL(settings.origin).hostname;
  const { serverName, verify } = settings.tls;
  const name = serverName === "" ? host : serverName;
  const plain = name.replace(/^\[|\]$/g, "");
  const build = buildConnector({
    timeout: settings.connectTimeoutMs,
    allowH2: false,
    allowHalfOpen: options.allowHalfOpen,
    rejectUnauthorized: verify,
    // An address cannot be sent as a server name (RFC 6066 §3); the certificate is checked against it all the same.
    servername: isIP(plain) === 0 ? plain : "",
    ...(trust.context === null ? {} : { secureContext: trust.context }),
  });
  const connect: buildConnector.connector = (target, callback) => {
    if (trust.error !== null) {
      callback(trust.error, null);
      return;
    }
    build({ ...target, servername: "" }, (error, socket) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      if (socket instanceof Socket) options.onSocket(AnswerFilter.on(socket));
      callback(null, socket);
    });
  };
  return { connect, servername: plain };
}
