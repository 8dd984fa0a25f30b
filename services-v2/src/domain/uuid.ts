const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

/** 8-4-4-4-12 hexadecimal digits in either case, of any version. */
export function isUuid(value: unknown): value is string {
  return typeof value === "string" && pattern.test(value);
}
