/** What a script is told by its environment; every value has a default that fits the stack of `npm start`. */

export const baseUrl = address("BASE_URL", "http://127.0.0.1:8000");
export const adminUrl = address("ADMIN_URL", "http://127.0.0.1:9901");
export const adminToken = __ENV["ADMIN_TOKEN"] ?? "";

/** Distinct users that the load is made of. */
export const users = whole("USERS", 2_000);

/** A whole number from the environment. */
export function whole(name: string, fallback: number): number {
  const value = Number(__ENV[name] ?? fallback);
  if (!Number.isInteger(value) || value < 0)
    throw new Error(`${name}: expected a whole number, got ${__ENV[name]}`);
  return value;
}

/** A share or a ratio from the environment. */
export function decimal(name: string, fallback: number): number {
  const value = Number(__ENV[name] ?? fallback);
  if (!(value >= 0)) throw new Error(`${name}: expected a number, got ${__ENV[name]}`);
  return value;
}

/** A duration of k6, such as `30s` or `5m`. */
export function duration(name: string, fallback: string): string {
  const value = __ENV[name] || fallback;
  if (!/^(?:\d+(?:ms|s|m|h))+$/.test(value))
    throw new Error(`${name}: expected a duration such as 30s, got ${value}`);
  return value;
}

function address(name: string, fallback: string): string {
  return (__ENV[name] || fallback).replace(/\/+$/, "");
}
