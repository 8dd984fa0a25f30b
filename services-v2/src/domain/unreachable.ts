/** For the end of a switch that has a case for everything: a new kind without one does not compile. */
export function unreachable(value: never): never {
  throw new Error(`not foreseen: ${JSON.stringify(value)}`);
}
