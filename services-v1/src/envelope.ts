import type { ValidationProblem } from "./api-error.ts";

export interface Success<T> {
  readonly success: true;
  readonly data: T;
  readonly message: null;
  readonly error: null;
}

export interface Failure {
  readonly success: false;
  readonly data: null;
  readonly message: null;
  readonly error: string;
  readonly validation_errors?: readonly ValidationProblem[];
}

/** The order of the keys is part of the contract. */
export function success<T>(data: T): Success<T> {
  return { success: true, data, message: null, error: null };
}

export function failure(sentence: string, problems?: readonly ValidationProblem[]): Failure {
  const answer = { success: false, data: null, message: null, error: sentence } as const;
  return problems ? { ...answer, validation_errors: problems } : answer;
}
