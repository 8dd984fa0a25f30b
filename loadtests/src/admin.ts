import http from "k6/http";
import { Gauge } from "k6/metrics";
import { adminToken, adminUrl } from "./environment.ts";

/** The weight that the script set last, in percent; the report draws it. */
const weight = new Gauge("weight_percent");

/** Sets the share of users on v2, in percent, through the proxy's admin server. @throws when it is refused */
export function setWeight(percentage: number): void {
  const response = http.post(
    `${adminUrl}/weight`,
    JSON.stringify({ percentage, who: "loadtests", why: "load test" }),
    { headers: headers(), tags: { name: "admin" } },
  );
  if (response.status !== 200)
    throw new Error(`POST /weight: ${response.status} ${JSON.stringify(response.body)}`);
  weight.add(percentage);
}

/** The weight in force, in percent. @throws when the admin server does not answer */
export function readWeight(): number {
  const response = http.get(`${adminUrl}/status`, { headers: headers(), tags: { name: "admin" } });
  const percentage = response.status === 200 ? response.json("percentage") : null;
  if (typeof percentage !== "number") throw new Error(`GET /status: ${response.status}, is ADMIN_URL right?`);
  weight.add(percentage);
  return percentage;
}

function headers(): Record<string, string> {
  const json = { "Content-Type": "application/json" };
  return adminToken === "" ? json : { ...json, Authorization: `Bearer ${adminToken}` };
}
