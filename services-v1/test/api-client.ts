import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { openApiDocument, openApiPaths } from "../src/openapi.ts";

/** `data` of an answer, loosely typed: the tests say what they expect of it. */
// oxlint-disable-next-line typescript/no-explicit-any
type Loose = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly data: Loose;
  readonly error: string | null;
  readonly problems: readonly string[];
}

export interface RequestOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string | Buffer;
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(openApiDocument, "openapi");
const operations = Object.entries(openApiPaths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => ({ path, method })),
);

/** Every operation that the document describes, as `METHOD /path`. */
export const documentedOperations: readonly string[] = operations.map(
  ({ method, path }) => `${method.toUpperCase()} ${path}`,
);

export class ApiClient {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  get(path: string, options?: RequestOptions): Promise<Answer> {
    return this.send("GET", path, options);
  }

  post(path: string, options?: RequestOptions): Promise<Answer> {
    return this.send("POST", path, options);
  }

  put(path: string, options?: RequestOptions): Promise<Answer> {
    return this.send("PUT", path, options);
  }

  delete(path: string, options?: RequestOptions): Promise<Answer> {
    return this.send("DELETE", path, options);
  }

  /** Sends one request below /api/v1 and checks the answer against the OpenAPI document. */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { token, headers = {}, body, raw } = options;
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${this.#base}/api/v1${path}`, {
      method,
      headers: {
        ...(payload === undefined ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(payload === undefined ? {} : { body: payload }),
    });
    const text = await response.text();
    const answer: Loose = text === "" ? {} : JSON.parse(text);
    checkDocumented(method, path, response.status, answer);
    return {
      status: response.status,
      headers: response.headers,
      text,
      data: answer.data,
      error: answer.error,
      problems: (answer.validation_errors ?? []).map(
        (problem: { field: string; message: string }) => `${problem.field} ${problem.message}`,
      ),
    };
  }
}

function checkDocumented(method: string, path: string, status: number, answer: unknown): void {
  const bare = `/api/v1${path.split("?", 1)[0]}`;
  const operation = operations.find(
    (each) =>
      each.method === method.toLowerCase() &&
      new RegExp(`^${each.path.replace("{id}", "[^/]*")}$`, "u").test(bare),
  );
  if (!operation) return;
  const pointer = operation.path
    .replaceAll("~", "~0")
    .replaceAll("/", "~1")
    .replaceAll("{", "%7B")
    .replaceAll("}", "%7D");
  const reference = `openapi#/paths/${pointer}/${operation.method}/responses/${status}/content/application~1json/schema`;
  const validate = ajv.getSchema(reference);
  if (!validate)
    throw new Error(`${method} ${operation.path} does not document ${status}: ${JSON.stringify(answer)}`);
  if (!validate(answer)) {
    throw new Error(
      `${method} ${operation.path} ${status} breaks its schema: ${ajv.errorsText(validate.errors)}`,
    );
  }
}
