import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boundPort } from "../../../src/net/bound-port.ts";
import { CertificateAuthority } from "../../process/certificate-authority.ts";
import { RawClient } from "../../process/raw-client.ts";
import { SerinProcess } from "../../process/serin-process.ts";

let authority: CertificateAuthority;
let server: Server;
let serin: SerinProcess;
/** Names that the handshakes asked for. */
const asked: (string | false | null)[] = [];
let connections = 0;

beforeAll(async () => {
  authority = await CertificateAuthority.create();
  const { certFile, keyFile } = await authority.issue("cms.internal");
  server = createServer(
    { cert: await readFile(certFile), key: await readFile(keyFile) },
    (request, response) => {
      response.end(request.headers.host);
    },
  );
  server.on("secureConnection", (socket: TLSSocket) => {
    connections += 1;
    asked.push(socket.servername);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  serin = await SerinProcess.start(config(""));
});

afterAll(async () => {
  await serin?.[Symbol.asyncDispose]();
  server?.closeAllConnections();
  server?.close();
  await authority?.[Symbol.asyncDispose]();
});

function config(tls: string): string {
  const url = `https://127.0.0.1:${boundPort(server)}`;
  const health = "{ intervalMs: 600000, unhealthyAfter: 100 }";
  return `workers: 1
split: { issueCookie: false }
upstreams:
  v1: { url: "${url}", health: ${health}${tls === "" ? "" : `, tls: { ${tls} }`} }
  v2: { url: "${url}", health: ${health} }
`;
}

async function reload(tls: string): Promise<void> {
  await writeFile(serin.configPath, config(tls));
  expect((await fetch(`${serin.adminUrl}/reload`, { method: "POST" })).ok).toBe(true);
}

async function ask(host = "a.test"): Promise<{ status: number; body: string }> {
  using client = new RawClient(serin.port);
  client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const [response] = await client.untilResponses(1);
  return { status: response?.status ?? 0, body: response?.body ?? "" };
}

test("an upstream whose certificate nobody vouches for is answered 502", async () => {
  const { status, body } = await ask();
  expect(status).toBe(502);
  expect(body).toContain('"code":"upstream_tls"');
});

test("an upstream's certificate must be of the configured authority and carry the configured name", async () => {
  await reload(`caFile: "${authority.caFile}"`);
  expect((await ask()).body).toContain('"code":"upstream_tls"');
  await reload(`caFile: "${authority.caFile}", serverName: other.internal`);
  expect((await ask()).body).toContain('"code":"upstream_tls"');
  await reload(`caFile: "${authority.caFile}", serverName: cms.internal`);
  expect((await ask()).status).toBe(200);
  expect(asked.at(-1)).toBe("cms.internal");
});

test("the client's Host chooses neither the name in the handshake nor the connection", async () => {
  await reload(`caFile: "${authority.caFile}", serverName: cms.internal`);
  await ask();
  const before = connections;
  for (const host of ["a.test", "b.test", "127.0.0.1", "other.internal"])
    expect(await ask(host)).toEqual({ status: 200, body: host });
  expect(connections).toBe(before);
  expect(asked.at(-1)).toBe("cms.internal");
});

test("verification can be turned off, and an authority that cannot be read fails requests, not the worker", async () => {
  await reload("verify: false");
  expect((await ask()).status).toBe(200);
  await reload(`caFile: "${authority.folder}/nothing.pem"`);
  expect((await ask()).body).toContain('"code":"upstream_tls"');
  expect(await serin.sumMetric("serin_worker_restarts_total")).toBe(0);
});
