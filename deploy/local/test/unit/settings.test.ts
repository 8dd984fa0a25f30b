import { expect, test } from "vitest";
import { parseSettings } from "../../src/settings.ts";

const root = "/srv/serin";

function parse(args: readonly string[], env: Record<string, string> = {}) {
  const parsed = parseSettings(args, env, root);
  if (parsed.kind !== "settings") throw new Error(`expected settings, got ${JSON.stringify(parsed)}`);
  return parsed.settings;
}

function problems(args: readonly string[], env: Record<string, string> = {}): readonly string[] {
  const parsed = parseSettings(args, env, root);
  return parsed.kind === "problems" ? parsed.problems : [];
}

test("without arguments the documented ports and the ignored data folder are used", () => {
  const settings = parse([]);
  expect(settings.ports.map(({ name, port }) => [name, port])).toEqual([
    ["proxy", 8000],
    ["admin", 9901],
    ["cms-v1", 3001],
    ["cms-v2", 3002],
    ["postgres", 15432],
  ]);
  expect(settings.dataDir).toBe("/srv/serin/.data");
  expect(settings.configFile).toBe("/srv/serin/.data/serin.yaml");
  expect(settings.fresh).toBe(false);
});

test.each(["SERIN_LISTEN_PORT", "SERIN_ADMIN_PORT", "CMS_V1_PORT", "CMS_V2_PORT", "POSTGRES_PORT"])(
  "%s moves its port and no other",
  (variable) => {
    const moved = parse([], { [variable]: "4711" }).ports.filter(({ port }) => port === 4711);
    expect(moved.map((setting) => setting.variable)).toEqual([variable]);
  },
);

test("a variable that is set to nothing counts as not set", () => {
  const settings = parse([], { CMS_V1_PORT: "", DATABASE_URL: " ", JWT_SECRET: "" });
  expect(settings.ports.find(({ name }) => name === "cms-v1")?.port).toBe(3001);
  expect(settings.databaseUrl).toBeNull();
  expect(settings.jwtSecret).toBeNull();
});

test("a database of one's own needs no port for PostgreSQL", () => {
  const settings = parse([], { DATABASE_URL: "postgres://me@db.example/cms" });
  expect(settings.ports.map(({ name }) => name)).not.toContain("postgres");
});

test("every problem is found at once", () => {
  const found = problems(["--frsh"], {
    CMS_V1_PORT: "80000",
    CMS_V2_PORT: "1e3",
    JWT_SECRET: "short",
    DATABASE_URL: "mysql://x",
  });
  expect(found).toHaveLength(5);
  expect(found.join("\n")).toContain("--frsh");
  expect(found.join("\n")).toContain('CMS_V1_PORT: expected a port from 1 to 65535, got "80000"');
});

test("two parts that are given one port are both named", () => {
  expect(problems([], { CMS_V1_PORT: "8000" })).toEqual([
    "CMS_V1_PORT: port 8000 is already meant for proxy (SERIN_LISTEN_PORT)",
  ]);
});

test("--data and SERIN_CONFIG are taken from the repository's folder", () => {
  const settings = parse(["--data", "tmp/x", "--fresh"], { SERIN_CONFIG: "my.yaml" });
  expect(settings.dataDir).toBe("/srv/serin/tmp/x");
  expect(settings.configFile).toBe("/srv/serin/my.yaml");
  expect(settings.fresh).toBe(true);
});
