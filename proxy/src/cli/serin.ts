#!/usr/bin/env node
import { setTimeout as pause } from "node:timers/promises";
import { commands } from "./commands.ts";
import { runCommand } from "./run-command.ts";

// `serin status | head` closes the pipe early, which is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") {
    throw error;
  }
});

process.exitCode = await runCommand(process.argv.slice(2), commands, {
  env: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  pause: (ms) => pause(ms),
});
