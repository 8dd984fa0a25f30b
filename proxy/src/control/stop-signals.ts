/**
 * Settles with the first signal that asks the process to stop. A second one ends it at once: whoever asks twice does
 * not want to wait. npm passes a terminal's Ctrl-C on although the terminal sent it as well, so a second one within a
 * moment of the first is the same one.
 */
export function waitForStop(): Promise<string> {
  const SAME_SIGNAL_MS = 250;
  return new Promise((resolve) => {
    let firstMs = Number.NaN;
    const onSignal = (signal: string): void => {
      if (Number.isNaN(firstMs)) {
        firstMs = performance.now();
        resolve(signal);
      } else if (performance.now() - firstMs > SAME_SIGNAL_MS) {
        process.exit(130);
      }
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}
