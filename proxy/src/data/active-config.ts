import type { IdentitySource, Snapshot, UpstreamSettings, Version } from "../config/snapshot.ts";
import { UpstreamClients } from "../upstream/clients.ts";
import { TrustedNetworks } from "./client-address.ts";
import type { Activation } from "./messages.ts";
import { Router } from "./router.ts";

/** A snapshot made ready for requests. A request picks one up at its start and keeps it to its end. */
export interface ActiveConfig {
  readonly snapshot: Snapshot;
  readonly router: Router;
  readonly trusted: TrustedNetworks;
  readonly clients: Readonly<Record<Version, UpstreamClients>>;
  /** Headers that carry identities: Connection cannot nominate them away. */
  readonly identityNames: ReadonlySet<string>;
}

/** Builds from a snapshot; connections to an upstream whose settings did not change are kept. */
export function activateConfig(activation: Activation, before: ActiveConfig | null): ActiveConfig {
  const { snapshot, routeSlots } = activation;
  const config = {
    snapshot,
    router: new Router(snapshot.routes, routeSlots),
    trusted: new TrustedNetworks(snapshot.trustedNetworks),
    clients: {
      v1: keepOrConnect(snapshot.upstreams.v1, before?.clients.v1),
      v2: keepOrConnect(snapshot.upstreams.v2, before?.clients.v2),
    },
    identityNames: identityNames(snapshot.split.sources),
  };
  if (before !== null && before.clients.v1 !== config.clients.v1) before.clients.v1.retire();
  if (before !== null && before.clients.v2 !== config.clients.v2) before.clients.v2.retire();
  return config;
}

function keepOrConnect(settings: UpstreamSettings, before: UpstreamClients | undefined): UpstreamClients {
  const same = before !== undefined && JSON.stringify(before.settings) === JSON.stringify(settings);
  return same ? before : new UpstreamClients(settings);
}

function identityNames(sources: readonly IdentitySource[]): ReadonlySet<string> {
  const names = new Set(["authorization", "cookie"]);
  for (const source of sources) {
    if (source.kind === "header") names.add(source.name);
  }
  return names;
}
