import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { startPostgres } from "../../src/postgres.ts";

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** Settles when the connection has gone, however rudely. */
function cutOff(client: Client): Promise<void> {
  return new Promise((resolve) => {
    client.once("end", () => resolve());
  });
}

async function refuses(url: string): Promise<boolean> {
  return connect(url).then(
    () => false,
    () => true,
  );
}

test("two servers that start at once get ports and data of their own", async () => {
  const [one, two] = await Promise.all([startPostgres(), startPostgres({ database: "cms" })]);
  onTestFinished(async () => {
    await Promise.all([one.stop(), two.stop()]);
  });
  expect(new URL(one.url).port).not.toBe(new URL(two.url).port);
  const client = await connect(two.url);
  const answer = await client.query("SELECT current_database() AS name, inet_server_addr()::text AS address");
  expect(answer.rows).toEqual([{ name: "cms", address: "127.0.0.1/32" }]);
  await client.end();
});

test("stopping cuts off a client in the middle of a transaction and leaves nothing behind", async () => {
  const server = await startPostgres();
  const client = await connect(server.url);
  await client.query("BEGIN");
  const dataDir = String((await client.query("SHOW data_directory")).rows[0].data_directory);
  const cut = cutOff(client);
  await server.stop();
  await cut;
  expect(await server.exited).toBe(0);
  expect(await refuses(server.url)).toBe(true);
  await expect(access(dataDir)).rejects.toThrow("ENOENT");
});

test("a kept data folder has its rows and its password again after a restart", async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), "serin-kept-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const first = await startPostgres({ dataDir });
  const writer = await connect(first.url);
  await writer.query("CREATE TABLE kept AS SELECT 42 AS value");
  await writer.end();
  await first.stop();

  const second = await startPostgres({ dataDir });
  onTestFinished(() => second.stop());
  const reader = await connect(second.url);
  expect((await reader.query("SELECT value FROM kept")).rows).toEqual([{ value: 42 }]);
  await reader.end();
  expect(new URL(second.url).password).toBe(new URL(first.url).password);
});

test("a port that is taken is reported in the server's own words", async () => {
  const holder = createServer();
  holder.listen(0, "127.0.0.1");
  await once(holder, "listening");
  onTestFinished(() => {
    holder.close();
  });
  const address = holder.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await expect(startPostgres({ port })).rejects.toThrow(/could not bind IPv4 address/);
});

test("a second server on the same data folder is refused and the first goes on", async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), "serin-shared-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const first = await startPostgres({ dataDir });
  onTestFinished(() => first.stop());
  await expect(startPostgres({ dataDir })).rejects.toThrow(/postmaster\.pid/);
  expect(await refuses(first.url)).toBe(false);
});

test("the server goes when the process that started it is killed outright", async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), "serin-orphan-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const module = new URL("../../src/postgres.ts", import.meta.url).href;
  const script = `const { startPostgres } = await import(${JSON.stringify(module)});
    console.log((await startPostgres({ dataDir: ${JSON.stringify(dataDir)} })).url);`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = String((await once(createInterface({ input: owner.stdout }), "line"))[0]);
  const client = await connect(url);
  const cut = cutOff(client);
  owner.kill("SIGKILL");
  await Promise.race([cut, delay(10_000, undefined, { ref: false })]);
  await expect.poll(() => refuses(url), { timeout: 10_000 }).toBe(true);
  // The last thing a server does is to remove this file.
  await expect
    .poll(() => access(path.join(dataDir, "postmaster.pid")).catch((error: unknown) => error), {
      timeout: 10_000,
    })
    .toMatchObject({ code: "ENOENT" });
});
