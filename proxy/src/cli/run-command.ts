import { parseArgs } from "node:util";
import { findNearest } from "../config/nearest.ts";
import { exitCodes } from "./command.ts";
import type { Command, CommandContext, CommandOptions, OptionName } from "./command.ts";
import { formatCommandHelp, formatHelp, optionHelp, optionNames } from "./usage.ts";

type Parsed =
  | {
      readonly ok: true;
      readonly words: readonly string[];
      readonly options: CommandOptions;
      readonly given: ReadonlySet<OptionName>;
      readonly help: boolean;
    }
  | { readonly ok: false; readonly complaint: string };

/**
 * Parses the command line and runs the command it names.
 *
 * @param argv What stands behind the program's name.
 * @returns The exit code.
 */
export async function runCommand(
  argv: readonly string[],
  commands: readonly Command[],
  io: Pick<CommandContext, "env" | "print" | "complain" | "pause">,
): Promise<number> {
  const parsed = parseCommandLine(argv);
  if (!parsed.ok) {
    return misuse(io, parsed.complaint);
  }
  const [name, ...args] = parsed.words;
  const command = commands.find((candidate) => candidate.name === name);
  if (name === undefined || (name === "help" && args.length === 0)) {
    formatHelp(commands).forEach(parsed.help || name === "help" ? io.print : io.complain);
    return parsed.help || name === "help" ? exitCodes.ok : exitCodes.usage;
  }
  if (command === undefined) {
    const nearest = findNearest(
      name,
      commands.map((candidate) => candidate.name),
    );
    return misuse(io, `unknown command ${name}${didYouMean(nearest)}`);
  }
  if (parsed.help) {
    formatCommandHelp(command).forEach(io.print);
    return exitCodes.ok;
  }
  const foreign = [...parsed.given].find((option) => !command.options.includes(option));
  if (foreign !== undefined) {
    return misuse(io, `${name} takes no --${foreign}`);
  }
  if (args.length !== command.args.length) {
    const wanted = command.args.length === 0 ? "no argument" : command.args.join(" ");
    return misuse(io, `${name} takes ${wanted}, got ${args.length === 0 ? "nothing" : args.join(" ")}`);
  }
  return command.run({ ...io, args, options: parsed.options });
}

function misuse(io: Pick<CommandContext, "complain">, complaint: string): number {
  io.complain(`serin: ${complaint}`);
  io.complain("serin: see serin --help");
  return exitCodes.usage;
}

function parseCommandLine(argv: readonly string[]): Parsed {
  const names = optionNames();
  const types = names.map(
    (name) => [name, { type: optionHelp[name].value === null ? "boolean" : "string" }] as const,
  );
  // Not strict, since strict reports an unknown option in the text of an error only.
  const { tokens } = parseArgs({
    args: [...argv],
    options: { ...Object.fromEntries(types), help: { type: "boolean", short: "h" } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words: string[] = [];
  const values = new Map<OptionName, string>();
  let help = false;
  for (const token of tokens) {
    if (token.kind === "positional") {
      words.push(token.value);
    } else if (token.kind === "option") {
      const name = names.find((known) => known === token.name);
      const takesValue = name !== undefined && optionHelp[name].value !== null;
      if (name === undefined && token.name !== "help") {
        const nearest = findNearest(token.name, [...names, "help"]);
        return complain(
          `unknown option ${token.rawName}${didYouMean(nearest === undefined ? nearest : `--${nearest}`)}`,
        );
      }
      // "--token --json" is a forgotten value, "--token=--json" is not.
      if (takesValue && (token.value === undefined || (!token.inlineValue && token.value.startsWith("-")))) {
        return complain(`${token.rawName} needs a value`);
      }
      if (!takesValue && token.value !== undefined) {
        return complain(`${token.rawName} takes no value`);
      }
      if (name === undefined) {
        help = true;
      } else {
        values.set(name, token.value ?? "");
      }
    }
  }
  return { ok: true, words, options: toOptions(values), given: new Set(values.keys()), help };
}

function toOptions(values: ReadonlyMap<OptionName, string>): CommandOptions {
  const text = <Name extends OptionName>(name: Name): { [key in Name]?: string } => {
    const value = values.get(name);
    const given: { [key in Name]?: string } = {};
    if (value !== undefined) given[name] = value;
    return given;
  };
  return {
    ...text("config"),
    ...text("admin"),
    ...text("token"),
    ...text("why"),
    ...text("if-match"),
    ...text("limit"),
    ...(values.has("force") ? { force: true } : {}),
    ...(values.has("allow-backward") ? { "allow-backward": true } : {}),
    json: values.has("json"),
  };
}

function complain(complaint: string): Parsed {
  return { ok: false, complaint };
}

function didYouMean(nearest: string | undefined): string {
  return nearest === undefined ? "" : `, did you mean ${nearest}?`;
}
