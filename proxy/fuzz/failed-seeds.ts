/**
 * Seeds of inputs that once showed a difference between what the client sent and what the upstream read, or an
 * unexpected answer: empty chunked bodies, several spaces in a request line, HEAD requests that only one side could
 * read, letters beyond ASCII, requests that arrive after their client's reset. They run with every test run.
 */
export const FAILED_SEEDS: readonly number[] = [
  18, 51, 213, 237, 238, 295, 403, 551, 562, 761, 988, 2677, 5639, 7981, 8011, 18_573,
];
