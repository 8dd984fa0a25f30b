import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createWebhook, signBody, type Webhook, type WebhookOptions } from "../../../src/release/webhook.ts";
import { isDecision } from "../../../src/release/events.ts";
import { startedAt } from "../../unit/release/story.ts";

interface Received {
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

/** A receiver that answers with the given statuses in turn (0: it hangs up), then 204. */
let receiver: Server;
let received: Received[] = [];
let answers: number[] = [];
let lost: string[] = [];

beforeEach(async () => {
  received = [];
  answers = [];
  lost = [];
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ body: Buffer.concat(chunks).toString(), headers: request.headers });
      const status = answers.shift() ?? 204;
      if (status === 0) request.socket.destroy();
      else response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end();
    });
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
});

afterEach(() => {
  receiver.closeAllConnections();
  receiver.close();
});

function webhook(options: Partial<WebhookOptions> = {}): Webhook {
  const address = receiver.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return createWebhook({
    url: `http://127.0.0.1:${port}/hook`,
    secret: "s3cret",
    onLost: (text) => lost.push(text),
    backoffMs: 1,
    ...options,
  });
}

const aborted = startedAt(50_000)
  .add({ type: "aborted", cause: "breaker" })
  .events.filter(isDecision)
  .slice(-1)
  .map((event) => ({ event, verdict: "harmful" as const, sentence: "harmful: v2 failed." }));

function send(hook: Webhook): void {
  for (const payload of aborted) hook.send(payload);
}

describe("the webhook", () => {
  test("sends a decision as JSON, signed so that the receiver can check it", async () => {
    const hook = webhook();
    send(hook);
    await hook.close(5_000);
    expect(received.map(({ body }) => JSON.parse(body) as unknown)).toEqual(aborted);
    const { headers, body } = received[0] ?? { headers: {}, body: "" };
    const timestamp = String(headers["x-serin-timestamp"]);
    expect(headers["x-serin-signature"]).toBe(signBody("s3cret", timestamp, body));
    expect(headers["content-type"]).toBe("application/json");
    expect(lost).toEqual([]);
  });

  test("signs as any HMAC-SHA256 does", () => {
    // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
    expect(signBody("key", "1700000000", "{}")).toBe(
      "sha256=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae",
    );
  });

  test("without a secret sends no signature", async () => {
    const hook = webhook({ secret: "" });
    send(hook);
    await hook.close(5_000);
    expect(received[0]?.headers["x-serin-signature"]).toBeUndefined();
  });

  test.each([[[500, 503]], [[429]], [[0]]])(
    "tries again after %j, with the same delivery id",
    async (statuses) => {
      answers = [...statuses];
      const hook = webhook();
      send(hook);
      await expect.poll(() => received.length).toBe(statuses.length + 1);
      await hook.close(5_000);
      expect(new Set(received.map(({ headers }) => headers["x-serin-delivery"])).size).toBe(1);
      expect(lost).toEqual([]);
    },
  );

  test.each([[400], [410], [302]])("gives up at once on %d, and says so", async (status) => {
    answers = [status];
    const hook = webhook();
    send(hook);
    await hook.close(5_000);
    expect(received).toHaveLength(1);
    expect(lost).toEqual([`webhook: aborted was not delivered: status ${status}`]);
  });

  test("gives up after its attempts and goes on with the next decision", async () => {
    answers = [500, 500, 500];
    const hook = webhook({ maxAttempts: 3 });
    send(hook);
    send(hook);
    await expect.poll(() => received.length).toBe(4);
    await hook.close(5_000);
    expect(lost).toEqual(["webhook: aborted was not delivered: status 500"]);
  });

  test("keeps a bounded queue, gives up the oldest and says so", async () => {
    const hook = webhook({ maxQueue: 2 });
    for (let n = 0; n < 5; n += 1) send(hook);
    await hook.close(5_000);
    expect(lost).toHaveLength(2);
    expect(received).toHaveLength(3);
  });

  test("does not hold up the end for longer than its deadline, and says what was lost", async () => {
    receiver.removeAllListeners("request");
    const hook = webhook();
    send(hook);
    send(hook);
    await hook.close(50);
    expect(lost).toHaveLength(2);
  });
});
