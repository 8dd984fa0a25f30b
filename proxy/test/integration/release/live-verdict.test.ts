import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, RequestListener } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { boundPort } from "../../../src/net/bound-port.ts";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream, configFor } from "../../process/test-upstream.ts";
import { answer, askAll, decided, post, statusOf } from "./live-serin.ts";

/** What counts as evidence on a real process, what does not, and who hears of a decision. */

let folder: string;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serin-verdict-"));
  env = { SERIN_RELEASE_LOG_PATH: join(folder, "release.jsonl"), SERIN_LOG_ACCESS: "false" };
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const fail: RequestListener = (_request, response) => {
  response.writeHead(500).end();
};

/** Answers after a while: slow, not failing. */
function answerAfter(ms: number): RequestListener {
  return (_request, response) => {
    setTimeout(() => response.end("ok"), ms);
  };
}

describe("an override", () => {
  const token = "a-shared-token";

  async function ask(
    serin: SerinProcess,
    identity: number,
    headers: Record<string, string>,
  ): Promise<string | null> {
    const response = await fetch(serin.url, { headers: { "x-user-id": `u${identity}`, ...headers } });
    await response.arrayBuffer();
    return response.headers.get("x-canary-version");
  }

  test("moves whoever holds the token, is counted, and is no evidence", async () => {
    await using v1 = await TestUpstream.start("v1", answer);
    await using v2 = await TestUpstream.start("v2", fail);
    const config = configFor(v1, v2, `split: {percentage: 0}\noverride: {token: ${token}}\n`);
    await using serin = await SerinProcess.start(config, env);
    for (let identity = 0; identity < 20; identity += 1) {
      expect(await ask(serin, identity, { "x-canary": "always", "x-canary-token": token })).toBe("v2");
      expect(await ask(serin, identity, { "x-canary": "always", "x-canary-token": "wrong" })).toBe("v1");
      expect(await ask(serin, identity, { cookie: "x-canary=always", "x-canary-token": token })).toBe("v2");
    }
    expect(await serin.sumMetric("serin_requests_total", 'version="v2"', 'reason="override"')).toBe(40);
    const { release } = await statusOf(serin);
    expect(release).toMatchObject({ aborted: null, frozen: null, harmedIdentities: { v1: 0, v2: 0 } });
  });

  test("from a trusted network needs no token", async () => {
    await using v1 = await TestUpstream.start("v1", answer);
    const config = configFor(v1, v1, "split: {percentage: 100}\ntrustedNetworks: [127.0.0.0/8]\n");
    await using serin = await SerinProcess.start(config, env);
    expect(await ask(serin, 1, { "x-canary": "never" })).toBe("v1");
    expect(await ask(serin, 1, {})).toBe("v2");
  });
});

describe("evidence", () => {
  test("aborts by slowness though every request succeeds", { timeout: 60_000 }, async () => {
    await using v1 = await TestUpstream.start("v1", answer);
    await using v2 = await TestUpstream.start("v2", answerAfter(150));
    const slow = "release: {slowThresholdMs: 100, warmupMs: 0}\nsplit: {percentage: 10}\n";
    await using serin = await SerinProcess.start(configFor(v1, v2, slow), env);
    // The threshold reaches the workers with the first tick.
    await expect
      .poll(
        async () => {
          await askAll(serin, 0, 400);
          return (await statusOf(serin)).aborted;
        },
        { timeout: 30_000 },
      )
      .toBe(true);
    const { release } = await statusOf(serin);
    expect(release.aborted).toMatchObject({ who: "serin", cause: "evidence" });
  });

  test(
    "only freezes the plan when rollback is advised, and says so as an alarm",
    { timeout: 30_000 },
    async () => {
      await using v1 = await TestUpstream.start("v1", answer);
      await using v2 = await TestUpstream.start("v2", fail);
      const config = configFor(v1, v2, "split: {percentage: 10}\nrelease: {rollback: advise}\n");
      await using serin = await SerinProcess.start(config, env);
      const frozen = serin.waitForLog(decided("frozen"));
      await askAll(serin, 0, 300);
      await frozen;
      await serin.waitForLog((line) => String(line["msg"]).startsWith("alarm: harmful"));
      expect(await statusOf(serin)).toMatchObject({ aborted: false, effectivePercentage: 10 });
    },
  );

  test("is spent by a harm budget, whatever the percentage", { timeout: 30_000 }, async () => {
    await using v1 = await TestUpstream.start("v1", answer);
    await using v2 = await TestUpstream.start("v2", (request, response) => {
      const broken = ["u1", "u2"].includes(String(request.headers["x-user-id"]));
      response.writeHead(broken ? 500 : 200).end();
    });
    const config = configFor(v1, v2, "split: {percentage: 100}\nrelease: {harmBudget: 2}\n");
    await using serin = await SerinProcess.start(config, env);
    const aborted = serin.waitForLog(decided("aborted"));
    await askAll(serin, 0, 100);
    await aborted;
    expect((await statusOf(serin)).release.aborted).toMatchObject({ cause: "harm-budget" });
  });

  test("starts anew with a new release.id, which lifts the abort of the old one", async () => {
    await using v1 = await TestUpstream.start("v1", answer);
    const text = (id: string): string => configFor(v1, v1, `split: {percentage: 20}\nrelease: {id: ${id}}\n`);
    await using serin = await SerinProcess.start(text("one"), env);
    await post(serin, "/abort", { who: "ada" });
    expect((await statusOf(serin)).aborted).toBe(true);
    const started = serin.waitForLog(
      (line) => decided("release-started")(line) && JSON.stringify(line).includes('"two"'),
    );
    await writeFile(serin.configPath, text("two"));
    await started;
    await expect.poll(async () => (await statusOf(serin)).aborted).toBe(false);
    expect(await statusOf(serin)).toMatchObject({ effectivePercentage: 20, release: { id: "two" } });
  });
});

test("a webhook hears of each decision, signed", async () => {
  const heard: { headers: IncomingHttpHeaders; body: string }[] = [];
  const receiver = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      heard.push({ headers: request.headers, body });
      response.end();
    });
  });
  await new Promise<void>((resolve) => {
    receiver.listen(0, "127.0.0.1", resolve);
  });
  await using v1 = await TestUpstream.start("v1", answer);
  const webhook = `release: {webhookUrl: "http://127.0.0.1:${boundPort(receiver)}/", webhookSecret: s3cret}\n`;
  await using serin = await SerinProcess.start(configFor(v1, v1, `split: {percentage: 20}\n${webhook}`), env);
  await post(serin, "/abort", { who: "ada", why: "drill" });
  const types = (): string[] =>
    heard.map(({ body }) => {
      const payload: { event: { type: string } } = JSON.parse(body);
      return payload.event.type;
    });
  await expect.poll(types).toContain("aborted");
  for (const { headers, body } of heard) {
    const stamp = String(headers["x-serin-timestamp"]);
    const hmac = createHmac("sha256", "s3cret").update(`${stamp}.${body}`).digest("hex");
    expect(headers["x-serin-signature"]).toBe(`sha256=${hmac}`);
  }
  receiver.closeAllConnections();
  receiver.close();
});
