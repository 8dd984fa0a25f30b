import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Input } from "../domain/field-reader.ts";
import { Refusal } from "./refusal.ts";

export const bodyLimitBytes = 1_048_576;

/**
 * Reads every body by the same rules: JSON in UTF-8 with or without a byte order mark, sent as `application/json`. An empty
 * body is none. Fastify's own parser is replaced because it answers in its own words and refuses `__proto__`.
 */
export function acceptJsonBodies(server: FastifyInstance): void {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    "*",
    { parseAs: "buffer", bodyLimit: bodyLimitBytes },
    async (request: FastifyRequest, body: Buffer) => {
      if (body.length === 0) return undefined;
      const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
      if (type !== "application/json") throw new Refusal({ kind: "media_type" });
      try {
        const value: unknown = JSON.parse(decoder.decode(body));
        return value;
      } catch {
        throw new Refusal({ kind: "bad_json" });
      }
    },
  );
}

/** The body of a route that reads one. @throws Refusal when there is none or it is no object */
export function readObject(request: FastifyRequest): Input {
  if (!isObject(request.body)) throw new Refusal({ kind: "no_object" });
  return request.body;
}

function isObject(value: unknown): value is Input {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
