import { DatabaseError, Pool, type PoolClient, type QueryResultRow } from "pg";
import { DatabaseUnavailable } from "./api-error.ts";

/** How long a request may wait for a connection before it is told that the service is unavailable. */
const connectTimeoutMs = 3000;
const statementTimeoutMs = 5000;
/** Ends the wait on our side when the server has gone silent and cannot time out itself. */
const queryTimeoutMs = 6000;
const writeAttempts = 10;

export interface Database {
  /** Runs one parameterised statement. @throws DatabaseUnavailable, or DatabaseError for what SQL itself refuses. */
  query<Row extends QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Runs `work` again when PostgreSQL ended it in favour of another transaction (deadlock, serialisation). */
  retrying<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function createDatabase(url: string, poolMax: number, onIdleError: (error: Error) => void): Database {
  const pool = new Pool({
    connectionString: url,
    max: poolMax,
    application_name: "cms-v1",
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    query_timeout: queryTimeoutMs,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
  });
  pool.on("error", onIdleError);

  const query = async <Row extends QueryResultRow>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> => {
    let client: PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      throw new DatabaseUnavailable("no connection", { cause: error });
    }
    // A connection that is cut under its statement says so twice; unheard, the second time would end the process.
    const ignore = (): void => undefined;
    client.on("error", ignore);
    let broken = false;
    try {
      const result = await client.query<Row>(sql, [...values]);
      return result.rows;
    } catch (error) {
      broken = meansUnavailable(error);
      throw broken ? new DatabaseUnavailable("the connection broke", { cause: error }) : error;
    } finally {
      client.off("error", ignore);
      client.release(broken);
    }
  };

  const retrying = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (attempt === writeAttempts || !isTransactionConflict(error)) throw error;
      }
    }
  };

  return { query, retrying, close: () => pool.end() };
}

/** The name of the unique constraint that a write ran into, or undefined. */
export function violatedUniqueConstraint(error: unknown): string | undefined {
  return error instanceof DatabaseError && error.code === "23505" ? error.constraint : undefined;
}

/** True when a row that was referred to has gone in the meantime. */
export function isForeignKeyViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === "23503";
}

function isTransactionConflict(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === "40P01" || error.code === "40001");
}

/**
 * Anything that is not the server's own error is a broken connection. Of the server's: class 08 connection, 57 operator
 * intervention (shutdown, statement timeout), 53 out of resources.
 */
function meansUnavailable(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return true;
  return /^(?:08|53|57)/u.test(error.code ?? "");
}
