import { describe, expect, test } from "vitest";
import { createBreaker } from "../../../src/release/breaker.ts";
import { assess, DEFAULT_JUDGE, NO_OBSERVATIONS, type Assessment } from "../../../src/release/judge.ts";
import { DEFAULT_LIMITS } from "../../../src/release/limits.ts";
import { failingIdentitiesNeeded } from "../../../src/release/outlook.ts";
import { identityOf, startedAt, type Story } from "./story.ts";

/** A release at this weight in which so many identities failed, canaries first. */
function failing(
  weightPpm: number,
  canary: number,
  control: number,
  metric: "errors" | "slow" = "errors",
): Story {
  const story = startedAt(weightPpm);
  for (let n = 0; n < canary + control; n += 1) {
    const assignment = n < canary ? "v2" : "v1";
    story.add({ type: "failure", metric, identity: identityOf(n), assignment, weightPpm, kind: "reset" });
  }
  return story;
}

function judged(story: Story, settings = DEFAULT_JUDGE, seen = NO_OBSERVATIONS): Assessment {
  return assess(story.state(), settings, seen);
}

describe("the verdict", () => {
  test("without data is inconclusive, and says so", () => {
    const { verdict, sentence, topIdentityShare } = judged(startedAt(50_000));
    expect(verdict).toBe("inconclusive");
    expect(sentence).toMatch(/^inconclusive: no identity has failed yet; evidence of harm 10\^0\.0/);
    expect(topIdentityShare).toBeNull();
  });

  test("on a shared outage, in which both versions fail alike, is not harmful", () => {
    expect(judged(failing(50_000, 50, 950)).verdict).toBe("safe");
    expect(judged(failing(50_000, 1, 19)).verdict).toBe("inconclusive");
  });

  test("goes from suspect to harmful as v2's identities go on failing", () => {
    const verdicts = [0, 1, 2, 3, 4].map((canary) => judged(failing(50_000, canary, 1)).verdict);
    expect(verdicts).toEqual(["inconclusive", "inconclusive", "inconclusive", "suspect", "harmful"]);
  });

  test("says in one sentence what was counted, how strong it is and what is missing", () => {
    const { sentence, moreFailingIdentitiesNeeded } = judged(failing(50_000, 3, 1));
    expect(sentence).toBe(
      "suspect: 3 of 4 failing identities were v2's where 0.2 were to be expected; evidence of harm 10^2.4, " +
        `about ${moreFailingIdentitiesNeeded} more failing identities at this rate until harmful.`,
    );
  });

  test("is not harmful on fewer than 3 harmed canaries, however small the weight", () => {
    const { verdict, log10Evidence } = judged(failing(1_000, 2, 0));
    expect(log10Evidence).toBeGreaterThan(3);
    expect(verdict).toBe("suspect");
    expect(judged(failing(1_000, 3, 0)).verdict).toBe("harmful");
  });

  test("counts slowness where it is measured, and not where it is not", () => {
    const story = failing(50_000, 8, 0, "slow");
    expect(judged(story).verdict).toBe("inconclusive");
    expect(judged(story, { ...DEFAULT_JUDGE, metrics: ["errors", "slow"] }).verdict).toBe("harmful");
  });

  test("is safe when 300 identities were served by v2 and none failed there, and not before", () => {
    const seen = { ...NO_OBSERVATIONS, canaryIdentities: 300 };
    expect(judged(startedAt(50_000), DEFAULT_JUDGE, seen).verdict).toBe("safe");
    expect(judged(startedAt(50_000), DEFAULT_JUDGE, { ...seen, canaryIdentities: 299 }).verdict).toBe(
      "inconclusive",
    );
    expect(judged(failing(50_000, 1, 0), DEFAULT_JUDGE, seen).verdict).toBe("inconclusive");
  });

  test("points out one identity that causes most failures", () => {
    const { sentence } = judged(failing(50_000, 1, 1), DEFAULT_JUDGE, {
      ...NO_OBSERVATIONS,
      topIdentityShare: 0.93,
    });
    expect(sentence).toContain("one identity causes 93 % of the failed requests");
  });
});

describe("harm without statistics", () => {
  test("the breaker's trip is harmful at once", () => {
    const breaker = createBreaker();
    breaker.count("v2", 40, 40, 0);
    for (let n = 0; n < 5; n += 1) breaker.failed(identityOf(n), 0);
    const seen = { ...NO_OBSERVATIONS, breaker: breaker.read(0, true) };
    expect(judged(startedAt(500_000), DEFAULT_JUDGE, seen)).toMatchObject({
      verdict: "harmful",
      cause: "breaker",
      sentence: "harmful: v2 failed 40 of its last 40 requests while v1 is fine.",
    });
  });

  test("a breached limit of the owner is harmful, if limits are set", () => {
    const window = {
      v1: { requests: 1_000, failures: 0, overP99Limit: 0 },
      v2: { requests: 1_000, failures: 200, overP99Limit: 0 },
    };
    const seen = { ...NO_OBSERVATIONS, windows: [window, window] };
    expect(judged(startedAt(500_000), { ...DEFAULT_JUDGE, limits: DEFAULT_LIMITS }, seen)).toMatchObject({
      verdict: "harmful",
      cause: "limit",
    });
    expect(judged(startedAt(500_000), DEFAULT_JUDGE, seen).verdict).toBe("inconclusive");
  });

  test("the harm budget counts identities that v2 alone harmed, whatever the percentage", () => {
    const settings = { ...DEFAULT_JUDGE, harmBudget: 6 };
    expect(judged(failing(900_000, 5, 0), settings).verdict).toBe("inconclusive");
    expect(judged(failing(900_000, 6, 0), settings)).toMatchObject({
      verdict: "harmful",
      cause: "harm-budget",
      harmedByV2Only: 6,
    });
  });

  test("the harm budget is not spent by an outage that both versions share", () => {
    const shared = judged(failing(50_000, 50, 950), { ...DEFAULT_JUDGE, harmBudget: 5 });
    expect(shared.harmedByV2Only).toBe(0);
    expect(shared.verdict).not.toBe("harmful");
  });
});

describe("the number of failing identities that are still needed", () => {
  test("is about what is really needed when the present ratio goes on", () => {
    const soFar = failing(50_000, 2, 2);
    const needed = judged(soFar).moreFailingIdentitiesNeeded ?? Number.NaN;
    let more = 0;
    for (; judged(soFar).verdict !== "harmful"; more += 1) {
      const assignment = more % 2 === 0 ? "v2" : "v1";
      const failure = { type: "failure", metric: "errors", weightPpm: 50_000, kind: "reset" } as const;
      soFar.add({ ...failure, identity: identityOf(1_000 + more), assignment });
    }
    expect(needed).toBeGreaterThan(more / 2);
    expect(needed).toBeLessThan(more * 2);
  });

  test("is unknown when v2 does not look worse, and when nothing is split", () => {
    expect(judged(failing(500_000, 40, 60)).moreFailingIdentitiesNeeded).toBeNull();
    expect(failingIdentitiesNeeded([startedAt(0).state().evidence.errors], 0, 7)).toBeNull();
    expect(failingIdentitiesNeeded([startedAt(0).state().evidence.errors], 1, 7)).toBeNull();
  });
});
