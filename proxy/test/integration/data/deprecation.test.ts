import { expect, test } from "vitest";
import { SerinProcess } from "../../process/serin-process.ts";
import { TestUpstream, configFor } from "../../process/test-upstream.ts";

test("answers on a deprecated route say since when, until when and what comes after, query kept", async () => {
  await using upstream = await TestUpstream.start("v1");
  await using serin = await SerinProcess.start(
    configFor(
      upstream,
      upstream,
      `workers: 1
routes:
  - name: api-v1
    prefix: /api/v1/
    deprecation:
      since: "2026-06-01"
      sunset: "Tue, 01 Jun 2027 00:00:00 GMT"
      successor: /api/v2/
`,
    ),
  );
  const { headers } = await fetch(`${serin.url}/api/v1/posts?page=2&limit=5`);
  expect(headers.get("deprecation")).toBe(`@${Date.parse("2026-06-01") / 1000}`);
  expect(headers.get("sunset")).toBe("Tue, 01 Jun 2027 00:00:00 GMT");
  expect(headers.get("link")).toBe('</api/v2/posts?page=2&limit=5>; rel="successor-version"');
  expect((await fetch(`${serin.url}/elsewhere`)).headers.has("deprecation")).toBe(false);
});
