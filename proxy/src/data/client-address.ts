import { BlockList, isIP } from "node:net";

/** Networks whose word about the client is believed. Built once per snapshot. */
export class TrustedNetworks {
  readonly #list: BlockList | null;

  constructor(networks: readonly string[]) {
    if (networks.length === 0) {
      this.#list = null;
      return;
    }
    this.#list = new BlockList();
    for (const network of networks) {
      const slash = network.indexOf("/");
      const address = slash === -1 ? network : network.slice(0, slash);
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      const bits = slash === -1 ? (family === "ipv6" ? 128 : 32) : Number(network.slice(slash + 1));
      this.#list.addSubnet(address, bits, family);
    }
  }

  has(address: string): boolean {
    if (this.#list === null) return false;
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 6 ? "ipv6" : "ipv4");
  }
}

/** IPv4 peers of a dual-stack socket show up as `::ffff:1.2.3.4`; this gives `1.2.3.4`. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/**
 * The client's address: the peer's, unless the peer is trusted; then the last address in X-Forwarded-For that is not
 * itself trusted, since everything left of it could be forged.
 */
export function clientAddressOf(
  peer: string,
  forwardedFor: string | undefined,
  trusted: TrustedNetworks,
): string {
  if (forwardedFor === undefined || !trusted.has(peer)) return peer;
  let client = peer;
  const hops = forwardedFor.split(",");
  for (let i = hops.length - 1; i >= 0; i -= 1) {
    const address = bareAddress((hops[i] ?? "").trim());
    if (address === null) break;
    client = address;
    if (!trusted.has(address)) break;
  }
  return client;
}

/** `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`. */
function bareAddress(text: string): string | null {
  if (isIP(text) !== 0) return plainAddress(text);
  if (text.startsWith("[")) {
    const inner = text.slice(1, text.indexOf("]"));
    return isIP(inner) === 6 ? plainAddress(inner) : null;
  }
  const colon = text.lastIndexOf(":");
  const address = colon === -1 ? "" : text.slice(0, colon);
  return isIP(address) === 4 ? address : null;
}
