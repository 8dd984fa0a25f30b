import { DatabaseError, Pool, type PoolClient, type QueryResultRow } from "pg";
import { StorageUnavailable } from "../usecases/unavailable.ts";

export interface Queries {
  /**
   * Runs one statement, prepared under `name` on each connection the first time; without a name it is
   * planned anew for its values, which pays where the best plan hangs on them.
   * @throws StorageUnavailable, or pg's DatabaseError for what the statement itself did wrong.
   */
  query<Row extends QueryResultRow>(
    name: string | null,
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]>;
}

export interface Database extends Queries {
  /**
   * Commits when `work` resolves, rolls back when it rejects. Runs `work` again when PostgreSQL ended it in favour of
   * another transaction (a deadlock, or what could not be put in order), so it must do nothing outside of the database.
   */
  transaction<Value>(work: (queries: Queries) => Promise<Value>): Promise<Value>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly onIdleError: (error: Error) => void;
}

const connectTimeoutMs = 2000;
const statementTimeoutMs = 5000;
/** Past the server's own timeout: for a server that no longer answers at all. */
const replyTimeoutMs = 6000;
const transactionAttempts = 10;

/** Classes of SQLSTATE that tell of the server's state, not of the statement: 08, 53, 57P0x and a statement cut short. */
function isServerTrouble(code: string | undefined): boolean {
  return code !== undefined && (/^(?:08|53|57P0)/u.test(code) || code === "57014" || code === "25006");
}

export function createDatabase(options: DatabaseOptions): Database {
  const pool = new Pool({
    connectionString: options.url,
    max: options.poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    query_timeout: replyTimeoutMs,
    idle_in_transaction_session_timeout: 10_000,
    application_name: "cms-v2",
  });
  pool.on("error", options.onIdleError);

  const acquire = (): Promise<PoolClient> =>
    pool.connect().catch((error: unknown) => {
      throw new StorageUnavailable("no connection", { cause: error });
    });
  const run = async <Row extends QueryResultRow>(
    client: PoolClient,
    name: string | null,
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]> => {
    try {
      return (await client.query<Row>({ ...(name === null ? {} : { name }), text, values: [...values] }))
        .rows;
    } catch (error) {
      if (error instanceof DatabaseError && !isServerTrouble(error.code)) throw error;
      throw new StorageUnavailable("the statement was not answered", { cause: error });
    }
  };
  /** A connection that has failed is closed instead of being lent again. */
  const lend = async <Value>(work: (client: PoolClient) => Promise<Value>): Promise<Value> => {
    const client = await acquire();
    // Between a failure and its release the connection may report once more; unheard, that would end the process.
    const ignore = (): void => undefined;
    client.on("error", ignore);
    let broken = false;
    try {
      return await work(client);
    } catch (error) {
      broken = error instanceof StorageUnavailable;
      throw error;
    } finally {
      client.off("error", ignore);
      client.release(broken);
    }
  };

  const transact = <Value>(work: (queries: Queries) => Promise<Value>): Promise<Value> =>
    lend(async (client) => {
      await run(client, "begin", "BEGIN", []);
      try {
        const value = await work({ query: (name, text, values) => run(client, name, text, values) });
        await run(client, "commit", "COMMIT", []);
        return value;
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) await run(client, "rollback", "ROLLBACK", []);
        throw error;
      }
    });

  return {
    query: (name, text, values) => lend((client) => run(client, name, text, values)),
    transaction: async (work) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await transact(work);
        } catch (error) {
          if (attempt === transactionAttempts || !isConflict(error)) throw error;
        }
      }
    },
    close: () => pool.end(),
  };
}

function isConflict(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === "40P01" || error.code === "40001");
}

/** The name of the unique constraint or index that a write ran into, else null. */
export function findBrokenUnique(error: unknown): string | null {
  return error instanceof DatabaseError && error.code === "23505" ? (error.constraint ?? "") : null;
}
