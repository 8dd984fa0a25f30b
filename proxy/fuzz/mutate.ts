import type { Random } from "./random.ts";

/** Bytes that parsers care about. */
const SHARP = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "\x0b",
  "\x7f",
  "\x80",
  "\xff",
  "0",
  "-",
  "%",
  "/",
] as const;

/** Spoils bytes of a text, one character per byte, here and there. */
export function mutate(text: string, random: Random): string {
  let mutated = text;
  for (let count = 1 + random.below(4); count > 0; count -= 1) mutated = mutateOnce(mutated, random);
  return mutated;
}

function mutateOnce(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const before = text.slice(0, at);
  const after = text.slice(at);
  const piece = after.slice(0, 1 + random.below(12));
  switch (random.below(7)) {
    case 0:
      return before + random.pick(SHARP) + after;
    case 1:
      return before + after.slice(piece.length);
    case 2:
      return before + piece + after;
    case 3:
      return before + String.fromCharCode(random.below(256)) + after.slice(1);
    case 4:
      return before + random.pick(SHARP) + after.slice(1);
    case 5: {
      const elsewhere = random.below(text.length + 1);
      return text.slice(0, elsewhere) + piece + text.slice(elsewhere);
    }
    default:
      return random.chance(0.3)
        ? before
        : before + after.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase());
  }
}
