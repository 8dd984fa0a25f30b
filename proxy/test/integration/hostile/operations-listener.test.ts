import { copyFile, readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CertificateAuthority } from "../../process/certificate-authority.ts";
import type { CertificateFiles } from "../../process/certificate-authority.ts";
import { RawClient } from "../../process/raw-client.ts";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream, configFor } from "../../process/test-upstream.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

let authority: CertificateAuthority;
let served: CertificateFiles;
let ca: string;
let upstream: TestUpstream;
let serin: SerinProcess;
/** Behind a load balancer that speaks the PROXY protocol, which loopback plays. */
let balanced: SerinProcess;
let secure: SerinProcess;

beforeAll(async () => {
  authority = await CertificateAuthority.create();
  ca = await readFile(authority.caFile, "utf8");
  const issued = await authority.issue("serin.test");
  served = { certFile: `${authority.folder}/served.pem`, keyFile: `${authority.folder}/served-key.pem` };
  await serve(issued);
  upstream = await TestUpstream.start("v1");
  const tls = `tls: { certFile: "${served.certFile}", keyFile: "${served.keyFile}" }`;
  const trusted = "trustedNetworks: [127.0.0.1]\n";
  [serin, balanced, secure] = await Promise.all([
    SerinProcess.start(configFor(upstream, upstream, `workers: 1\nlisten: { ${tls} }\n`)),
    SerinProcess.start(
      configFor(
        upstream,
        upstream,
        `workers: 1\nlisten: { proxyProtocol: true }\nlimits: { headersTimeoutMs: 1000 }\n${trusted}`,
      ),
    ),
    SerinProcess.start(
      configFor(upstream, upstream, `workers: 1\nlisten: { proxyProtocol: true, ${tls} }\n${trusted}`),
    ),
  ]);
});

afterAll(async () => {
  for (const one of [serin, balanced, secure]) await one?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
  await authority?.[Symbol.asyncDispose]();
});

async function serve(files: CertificateFiles): Promise<void> {
  await copyFile(files.keyFile, served.keyFile);
  await copyFile(files.certFile, served.certFile);
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly reused: boolean;
  readonly setCookie: string;
}

function ask(agent: Agent, servername = "serin.test"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: serin.port, path: "/", agent, ca, servername };
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (data: string) => {
        text += data;
      });
      response.on("end", () => {
        const body: { headers: Record<string, string> } = JSON.parse(text);
        resolve({
          status: response.statusCode ?? 0,
          headers: body.headers,
          reused: sent.reusedSocket,
          setCookie: String(response.headers["set-cookie"]),
        });
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** The protocol and the serial number that a handshake ends with, or the error's code. */
function shakeHands(options: { readonly maxVersion?: "TLSv1.1" | "TLSv1.2" }): Promise<string> {
  return new Promise((resolve) => {
    const ciphers = options.maxVersion === "TLSv1.1" ? { ciphers: "DEFAULT@SECLEVEL=0" } : {};
    const socket = connectTls({
      port: serin.port,
      host: "127.0.0.1",
      ca,
      servername: "serin.test",
      ...(options.maxVersion === undefined
        ? {}
        : { maxVersion: options.maxVersion, minVersion: "TLSv1" as const }),
      ...ciphers,
    });
    socket.on("secureConnect", () => {
      resolve(`${socket.getProtocol()} ${socket.getPeerCertificate().serialNumber}`);
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
  });
}

test("the listener speaks TLS, tells the upstream so and marks its cookie Secure", async () => {
  const agent = new Agent({ keepAlive: true });
  const answer = await ask(agent);
  expect(answer).toMatchObject({
    status: 200,
    headers: { "x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1" },
  });
  expect(answer.setCookie).toMatch(/; Secure$/);
  agent.destroy();
});

test("the listener refuses TLS below 1.2 and plain HTTP, and lives", async () => {
  expect(await shakeHands({})).toMatch(/^TLSv1\.3 /);
  expect(await shakeHands({ maxVersion: "TLSv1.2" })).toMatch(/^TLSv1\.2 /);
  expect(await shakeHands({ maxVersion: "TLSv1.1" })).toMatch(/PROTOCOL_VERSION|UNSUPPORTED/);
  using plain = new RawClient(serin.port);
  plain.send(REQUEST);
  await plain.untilClosed();
  expect(plain.received).not.toContain("200 OK");
  expect(await serin.sumMetric("serin_worker_restarts_total")).toBe(0);
});

test("a renewed certificate is shown to new connections while old ones go on; one that does not fit changes nothing", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await ask(agent);
  const before = await shakeHands({});
  const other = await authority.issue("serin.test");
  // A certificate without its key: what a half-done renewal looks like.
  await copyFile(other.certFile, served.certFile);
  await serin.waitForLog(({ msg }) => String(msg).startsWith("certificate cannot be used"));
  expect(await shakeHands({})).toBe(before);
  await serve(other);
  await serin.waitForLog(({ msg }) => msg === "certificate renewed");
  await expect.poll(() => shakeHands({}), { timeout: 5_000 }).not.toBe(before);
  expect(await shakeHands({})).toMatch(/^TLSv1\.3 /);
  expect(await ask(agent)).toMatchObject({ status: 200, reused: true });
  agent.destroy();
});

/** What the upstream was told of the client, over a connection that starts with that. */
async function forwardedFor(header: Buffer | string, pieces = 1): Promise<string> {
  using client = new RawClient(balanced.port);
  const bytes = Buffer.concat([Buffer.from(header), Buffer.from(REQUEST)]);
  const size = Math.ceil(bytes.length / pieces);
  for (let at = 0; at < bytes.length; at += size) {
    client.socket.write(bytes.subarray(at, at + size));
    if (pieces > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  await client.until(() => client.ended || client.responses().length > 0);
  const [response] = client.responses();
  if (response === undefined) return "closed";
  const body: { headers: Record<string, string> } = JSON.parse(response.body);
  return body.headers["x-forwarded-for"] ?? "none";
}

function version2(family: number, addresses: readonly number[], command = 0x21): Buffer {
  const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
  return Buffer.concat([
    signature,
    Buffer.from([command, family, addresses.length >> 8, addresses.length & 0xff, ...addresses]),
  ]);
}

test("with the PROXY protocol the client's address is the one that the trusted peer names", async () => {
  expect(await forwardedFor("PROXY TCP4 203.0.113.7 192.0.2.1 5555 80\r\n")).toBe("203.0.113.7");
  expect(await forwardedFor("PROXY TCP6 2001:db8::7 2001:db8::1 5555 80\r\n")).toBe("2001:db8::7");
  expect(await forwardedFor("PROXY TCP4 203.0.113.7 192.0.2.1 5555 80\r\n", 30)).toBe("203.0.113.7");
  const ports = [0x15, 0xb3, 0, 80];
  expect(await forwardedFor(version2(0x11, [203, 0, 113, 9, 192, 0, 2, 1, ...ports]))).toBe("203.0.113.9");
  const ipv6 = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
  expect(await forwardedFor(version2(0x21, [...ipv6, ...ipv6, ...ports]), 20)).toBe("2001:db8:0:0:0:0:0:9");
  // The sender's own health check, and one that does not know.
  expect(await forwardedFor(version2(0, [], 0x20))).toBe("127.0.0.1");
  expect(await forwardedFor("PROXY UNKNOWN\r\n")).toBe("127.0.0.1");
});

test("a trusted peer without a whole, valid PROXY header is cut off", async () => {
  expect(await forwardedFor("")).toBe("closed");
  expect(await forwardedFor("PROXY TCP4 203.0.113.7\r\n")).toBe("closed");
  expect(await forwardedFor("PROXY TCP4 evil 192.0.2.1 5555 80\r\n")).toBe("closed");
  expect(await forwardedFor(`PROXY TCP4 ${"1".repeat(200)}\r\n`)).toBe("closed");
  expect(await forwardedFor(version2(0x11, [203, 0, 113]))).toBe("closed");
  expect(await forwardedFor(version2(0x11, [203, 0, 113, 9, 192, 0, 2, 1, 0, 1, 0, 80], 0x31))).toBe(
    "closed",
  );
  using silent = new RawClient(balanced.port);
  silent.send("PROXY TCP4 203");
  await silent.untilClosed();
  expect(silent.received).toBe("");
});

test("the PROXY protocol goes with TLS", async () => {
  const plain = new RawClient(secure.port);
  plain.send("PROXY TCP4 203.0.113.7 192.0.2.1 5555 80\r\n");
  const socket = connectTls({ socket: plain.socket, ca, servername: "serin.test" });
  let received = "";
  socket.on("data", (data: Buffer) => {
    received += data.toString("latin1");
  });
  socket.write(REQUEST);
  await expect.poll(() => received, { timeout: 5_000 }).toContain('"x-forwarded-for":"203.0.113.7"');
  expect(received).toContain('"x-forwarded-proto":"https"');
  socket.destroy();
});

test("without the setting a PROXY header is a bad request", async () => {
  await using ordinary = await SerinProcess.start(configFor(upstream, upstream, "workers: 1\n"));
  using client = new RawClient(ordinary.port);
  client.send(`PROXY TCP4 203.0.113.7 192.0.2.1 5555 80\r\n${REQUEST}`);
  await client.untilClosed();
  expect(client.responses()[0]?.status).toBe(400);
});
