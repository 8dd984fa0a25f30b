/**
 * One of the proxy libraries for Node as a process of its own:
 *
 *     node node-peer.ts NAME PORT V1_PORT V2_PORT LOG_PATH
 */
import { PeerWork } from "./peer-work.ts";
import { serveFastProxy } from "./fast-proxy.ts";
import { serveFastifyHttpProxy } from "./fastify-http-proxy.ts";
import { serveHttpProxy } from "./http-proxy.ts";
import { serveHttpProxy3 } from "./http-proxy-3.ts";
import { serveHttpxy } from "./httpxy.ts";

const SERVE: ReadonlyMap<string, (work: PeerWork, port: number) => void> = new Map([
  ["http-proxy", serveHttpProxy],
  ["http-proxy-3", serveHttpProxy3],
  ["httpxy", serveHttpxy],
  ["@fastify/http-proxy", serveFastifyHttpProxy],
  ["fast-proxy", serveFastProxy],
]);

const [name = "", port, v1Port, v2Port, logPath = ""] = process.argv.slice(2);
const serve = SERVE.get(name);
if (serve === undefined) throw new RangeError(`no peer is called ${name}`);
serve(await PeerWork.create(Number(v1Port), Number(v2Port), logPath), Number(port));
