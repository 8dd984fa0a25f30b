import { expect, test, vi } from "vitest";
import { SeenQuery } from "../../../src/control/seen-query.ts";
import type { SeenIdentity, ToWorker } from "../../../src/data/messages.ts";

const alice: SeenIdentity = { key: "a", oldPoint: 1, newPoint: 2 };
const bob: SeenIdentity = { key: "b", oldPoint: 3, newPoint: 4 };

function createQuery(running: number): { query: SeenQuery; asked: ToWorker[] } {
  const asked: ToWorker[] = [];
  const query = new SeenQuery({ send: (message) => asked.push(message), running: () => running });
  return { query, asked };
}

test("puts the answers of all workers together, each identity once", async () => {
  const { query, asked } = createQuery(2);
  const answer = query.ask("old", "new");
  expect(asked).toEqual([{ type: "seen", question: 1, oldSalt: "old", newSalt: "new" }]);
  query.onAnswer(1, [alice]);
  query.onAnswer(1, [alice, bob]);
  expect(await answer).toEqual([alice, bob]);
});

test("two questions at once get each its own answers", async () => {
  const { query } = createQuery(1);
  const [first, second] = [query.ask("s", "s"), query.ask("s", "t")];
  query.onAnswer(2, [bob]);
  query.onAnswer(1, [alice]);
  expect(await Promise.all([first, second])).toEqual([[alice], [bob]]);
});

test("answers with what has come when a worker is silent for a second, and drops what comes later", async () => {
  vi.useFakeTimers();
  try {
    const { query } = createQuery(2);
    const answer = query.ask("s", "s");
    query.onAnswer(1, [alice]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await answer).toEqual([alice]);
    query.onAnswer(1, [bob]);
    expect(await answer).toEqual([alice]);
  } finally {
    vi.useRealTimers();
  }
});

test("without a running worker nobody was seen", async () => {
  const { query, asked } = createQuery(0);
  expect(await query.ask("s", "s")).toEqual([]);
  expect(asked).toEqual([]);
});
