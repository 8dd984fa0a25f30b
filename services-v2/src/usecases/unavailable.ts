/** What keeps the data is away, shutting down, full or too slow: worth a 503, and a new try later. */
export class StorageUnavailable extends Error {
  override readonly name = "StorageUnavailable";
}
