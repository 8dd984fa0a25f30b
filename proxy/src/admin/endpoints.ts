import type { Registry } from "prom-client";
import type { ReloadResult } from "../config/reloader.ts";
import { describeProblem } from "../config/problem.ts";
import type { Explanation } from "../split/explain.ts";
import { problem } from "./server.ts";
import type { AdminEndpoint } from "./server.ts";

/** What the admin server can ask of the process. */
export interface Backend {
  /** Whether requests should be sent here: workers listen, nothing is draining. `null`, or why not. */
  readonly whyNotReady: () => string | null;
  readonly metrics: Registry;
  readonly status: () => unknown;
  readonly explain: (identity: string) => Explanation;
  readonly reload: () => Promise<ReloadResult>;
  readonly configPath: string | null;
}

/** The endpoints of the admin server; what each answers is described in docs/operations.md. */
export function createEndpoints(backend: Backend): AdminEndpoint[] {
  return [
    {
      method: "GET",
      path: "/healthz",
      open: true,
      handle: () => ({ status: 200, body: "ok\n", contentType: "text/plain; charset=utf-8" }),
    },
    {
      method: "GET",
      path: "/readyz",
      open: true,
      handle: () => {
        const why = backend.whyNotReady();
        return {
          status: why === null ? 200 : 503,
          body: `${why ?? "ready"}\n`,
          contentType: "text/plain; charset=utf-8",
        };
      },
    },
    {
      method: "GET",
      path: "/metrics",
      handle: async () => ({
        status: 200,
        body: await backend.metrics.metrics(),
        contentType: backend.metrics.contentType,
      }),
    },
    { method: "GET", path: "/status", handle: () => ({ status: 200, body: backend.status() }) },
    {
      method: "GET",
      path: "/explain",
      handle: ({ query }) => {
        const identity = query.get("identity");
        if (identity === null || identity === "") {
          return problem(400, "identity_missing", "Say whose place you want: /explain?identity=NAME.");
        }
        return { status: 200, body: backend.explain(identity) };
      },
    },
    {
      method: "POST",
      path: "/reload",
      handle: async () => {
        const { result, generation, problems } = await backend.reload();
        const said = problems.map((one) => describeProblem(one, backend.configPath));
        return { status: result === "rejected" ? 422 : 200, body: { result, generation, problems: said } };
      },
    },
  ];
}
