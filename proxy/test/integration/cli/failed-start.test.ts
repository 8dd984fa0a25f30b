import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { boundPort } from "../../../src/net/bound-port.ts";
import { SerinProcess } from "../../process/serin-process.ts";

test.each(["SERIN_ADMIN_PORT", "SERIN_LISTEN_PORT"])(
  "a taken port (%s) ends the whole process with 1, workers that listened already included",
  async (variable) => {
    const taken = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void taken.close());
    await once(taken, "listening");
    // The harness reports the exit; a process that stayed would run into its time limit instead.
    await expect(
      SerinProcess.start("workers: 2\n", { [variable]: String(boundPort(taken)) }),
    ).rejects.toThrow(/^serin ended with 1 before it served: .*EADDRINUSE/);
  },
);
