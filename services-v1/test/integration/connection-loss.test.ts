import { once } from "node:events";
import { type Socket, connect, createServer } from "node:net";
import { Client } from "pg";
import { expect, inject, test } from "vitest";
import { DatabaseUnavailable } from "../../src/api-error.ts";
import { createDatabase } from "../../src/database.ts";

/** A TCP relay to the server, whose connections can be cut as a network does it: without a last word from the server. */
async function startRelay(serverUrl: string): Promise<{ url: string; cut(): void; close(): Promise<void> }> {
  const { hostname, port } = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const relay = createServer((client) => {
    const server = connect(Number(port), hostname);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    client.pipe(server).pipe(client);
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  const address = relay.address();
  const url = new URL(serverUrl);
  url.port = String(typeof address === "object" ? address?.port : "");
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut,
    close: async () => {
      cut();
      relay.close();
      await once(relay, "close");
    },
  };
}

test("a connection that is cut under a running statement is an unavailable database, not the end of the process", async () => {
  const serverUrl = inject("postgresUrl");
  const relay = await startRelay(serverUrl);
  const database = createDatabase(relay.url, 2, () => undefined);
  const observer = new Client({ connectionString: serverUrl });
  await observer.connect();
  const running = async (): Promise<number | null> =>
    (await observer.query("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(4) AS cut'"))
      .rowCount;

  const statement = database.query("SELECT pg_sleep(4) AS cut").catch((error: unknown) => error);
  await expect.poll(running, { timeout: 10_000, interval: 20 }).toBe(1);
  relay.cut();
  expect(await statement).toBeInstanceOf(DatabaseUnavailable);
  expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);

  await database.close();
  await observer.end();
  await relay.close();
});
