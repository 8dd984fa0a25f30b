export type ViolationCode =
  | "required"
  | "type"
  | "nul"
  | "too_short"
  | "too_long"
  | "too_many"
  | "format"
  | "not_allowed"
  | "unknown_field"
  | "empty";

/** One broken rule. Words are added where the answer is written, since each API has its own. */
export interface Violation {
  readonly field: string;
  readonly code: ViolationCode;
  /** The bound that was missed, for the codes that have one. */
  readonly limit?: number;
}
