import type { FastifyRequest } from "fastify";

/** A parameter of the query string: the first of its name, well-formed and without NULs; null when absent or empty. */
export function queryText(request: FastifyRequest, name: string): string | null {
  const query = request.query;
  if (typeof query !== "object" || query === null || !Object.hasOwn(query, name)) return null;
  const values: unknown = Object.getOwnPropertyDescriptor(query, name)?.value;
  const value: unknown = Array.isArray(values) ? values[0] : values;
  if (typeof value !== "string") return null;
  const text = value.toWellFormed().replaceAll("\u0000", "");
  return text === "" ? null : text;
}

/** A part of the path, by the name that the route gives it. */
export function pathText(request: FastifyRequest, name: string): string {
  const params = request.params;
  if (typeof params !== "object" || params === null) return "";
  const value: unknown = Object.getOwnPropertyDescriptor(params, name)?.value;
  return typeof value === "string" ? value : "";
}
