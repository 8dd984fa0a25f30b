import { isRecord } from "../config/is-record.ts";

// What the admin server answers is another process's word, perhaps another version's: read, not trusted.

/** A text field, or a dash. What an operator typed may not move the cursor of another's terminal. */
export function textField(body: Record<string, unknown>, key: string): string {
  const value = body[key];
  return typeof value === "string" || typeof value === "number"
    ? String(value).replace(/\p{Cc}/gu, "?")
    : "-";
}

/** A number, or null. */
export function numberField(body: Record<string, unknown>, key: string): number | null {
  const value = body[key];
  return typeof value === "number" ? value : null;
}

/** A list of objects; anything else in it is left out. */
export function listField(body: Record<string, unknown>, key: string): Record<string, unknown>[] {
  const value = body[key];
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** An object, or an empty one. */
export function objectField(body: Record<string, unknown>, key: string): Record<string, unknown> {
  const value = body[key];
  return isRecord(value) ? value : {};
}

/** A value of the config on one line: text as it is, anything else as JSON. */
export function showValue(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "-");
}

/** A list of text; anything else in it is left out. */
export function textList(body: Record<string, unknown>, key: string): string[] {
  const value = body[key];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}
