/** The proxy's config file as the local stack first writes it. Ports and upstreams are set by the stack's variables. */
export const configTemplate = `# Serin's config for the local stack. Edit it while the stack runs: a change is in force within a second.
# A mistake changes nothing: the last good config stays, and \`npm run serin -- status\` says what is wrong.
# \`npm start\` sets the ports and the upstreams' addresses by environment variables, which beat this file
# (see \`npm start -- --help\`). \`npm start -- --fresh\` replaces this file with the original.

split:
  # Share of users that v2 gets, in percent, up to 4 decimals: 0 sends nobody, 100 everybody.
  # Raising it moves users from v1 to v2 only; whoever is on v2 stays there.
  percentage: 10

  # true sends everything to v1 at once, but for /api/v2/, which exists only on v2.
  killSwitch: false

  # Where a user's identity comes from: the first source that yields one.
  # header:NAME, jwt:CLAIM (bearer token), cookie:NAME, ip (the client's address).
  identity: ["header:X-User-Id", "jwt:sub", "cookie:serin_id"]

  # Whoever has no identity gets a random one as a cookie; with false they stay on v1.
  issueCookie: true

log:
  # One JSON line for each request in logs/proxy.log.
  access: true
`;
