import type { FieldReader } from "./fields.ts";

const nameMax = 100;
const emailMax = 320;
const emailPattern = /^[^\s@]+@[^\s@]+\.[^\s@]+$/u;

export function readUsername(fields: FieldReader, required: boolean): string | undefined {
  const rule = { min: 3, max: 50, trim: true, message: "must be between 3 and 50 characters" };
  return required ? fields.requiredText("username", rule) : fields.optionalText("username", rule);
}

/** Trimmed and lower case. */
export function readEmail(fields: FieldReader, required: boolean): string | undefined {
  const message = "must be a valid email address";
  const rule = { max: emailMax, trim: true, message };
  const email = (
    required ? fields.requiredText("email", rule) : fields.optionalText("email", rule)
  )?.toLowerCase();
  return email === undefined || emailPattern.test(email) ? email : fields.fail("email", message);
}

export function readName(fields: FieldReader, field: "first_name" | "last_name"): string | null | undefined {
  return fields.nullableText(field, nameMax);
}
