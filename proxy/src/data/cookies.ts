/**
 * Takes a cookie out of a flat header list, in place; the others keep their order. A Cookie line with nothing left
 * goes as a whole.
 */
export function dropCookie(headers: string[], name: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    const line = headers[i + 1] ?? "";
    if (headers[i] !== "cookie" || !line.includes(name)) continue;
    const pairs = line.split(";");
    const kept = pairs.filter((pair) => cookieName(pair) !== name);
    if (kept.length === pairs.length) continue;
    const left = kept.join(";").trim();
    if (left === "") headers.splice(i, 2);
    else headers[i + 1] = left;
  }
}

function cookieName(pair: string): string {
  const equals = pair.indexOf("=");
  return (equals === -1 ? pair : pair.slice(0, equals)).trim();
}
