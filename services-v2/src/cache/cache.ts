/**
 * Keeps answers that have been worked out. A key names the data's version, so that an entry never goes stale: it only
 * stops being asked for. Losing one costs time and nothing else.
 */
export interface Cache {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): void;
  /** Waits for nothing that is slow; called once at stop. */
  close(): Promise<void>;
}
