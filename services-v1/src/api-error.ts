export interface ValidationProblem {
  readonly field: string;
  readonly message: string;
}

/** A failure that has its place in the contract: a status and one sentence. */
export class ApiError extends Error {
  readonly status: number;
  readonly validationProblems: readonly ValidationProblem[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    sentence: string,
    details: { validationProblems?: readonly ValidationProblem[]; retryAfterSeconds?: number } = {},
  ) {
    super(sentence);
    this.status = status;
    this.validationProblems = details.validationProblems;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/** PostgreSQL cannot be reached, is going away, or did not answer in time. */
export class DatabaseUnavailable extends Error {}

export const unauthorized = (sentence: string): ApiError => new ApiError(401, sentence);
export const forbidden = (): ApiError => new ApiError(403, "Insufficient permissions");
export const notFound = (what: "Route" | "Post" | "User" | "API key"): ApiError =>
  new ApiError(404, `${what} not found`);
export const conflict = (sentence: string): ApiError => new ApiError(409, sentence);
export const invalid = (validationProblems: readonly ValidationProblem[]): ApiError =>
  new ApiError(422, "Validation failed", { validationProblems });
