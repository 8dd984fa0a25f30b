/** Longer Accept headers are not read: a client that sends one takes what it gets. */
const MAX_ACCEPT_CHARACTERS = 1024;

/**
 * Whether an Accept header (RFC 9110 §12.5.1) wants plain text rather than JSON. JSON wins a tie, and stands when the
 * header says nothing of either.
 */
export function prefersText(accept: string | undefined): boolean {
  if (accept === undefined || accept === "*/*" || accept.length > MAX_ACCEPT_CHARACTERS) return false;
  const ranges = accept.toLowerCase().split(",");
  return qualityOf(ranges, "text", "plain") > qualityOf(ranges, "application", "json");
}

/** The quality that the most specific range gives a media type; 0 when none fits. */
function qualityOf(ranges: readonly string[], type: string, subtype: string): number {
  let best = -1;
  let quality = 0;
  for (const range of ranges) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim());
    const specificity = [`*/*`, `${type}/*`, `${type}/${subtype}`].indexOf(name);
    if (specificity <= best) continue;
    best = specificity;
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    const value = weight === undefined ? 1 : Number(weight.slice(2));
    quality = Number.isFinite(value) ? value : 0;
  }
  return quality;
}
