import { setTimeout as delay } from "node:timers/promises";
import { ask, pick, pickText } from "../../src/ask.ts";
import type { Answer, AskOptions } from "../../src/ask.ts";
import { newPerson, register, tokenOf } from "../../src/cms.ts";

/** What a writer was told about one of its posts. */
export interface WrittenPost {
  readonly id: string;
  title: string;
  tags: readonly string[];
  comments: number;
  /** A change, a comment or a deletion was sent and not acknowledged: it may be there or not. */
  doubtful: boolean;
  deleted: boolean;
}

/** A user who registers, writes, reads, comments, deletes, refreshes and logs out through the proxy, and takes everything down. */
export interface Writer {
  readonly userId: string;
  readonly posts: readonly WrittenPost[];
  /** Titles that were sent and not acknowledged: one post each at most. */
  readonly doubtfulTitles: readonly string[];
  /** Whatever should not have happened. */
  readonly problems: readonly string[];
  /** Which versions have answered. */
  readonly versions: ReadonlySet<string>;
  /** Rounds that have ended. */
  rounds(): number;
  /** Reads everything back, logs out and sees that the session is over. */
  finish(): Promise<void>;
}

export interface WriterOptions {
  readonly proxyUrl: string;
  readonly identity: string;
  /** Makes the new user an author. */
  readonly adminToken: string;
  /** Whether requests may fail, because something is being killed. What was acknowledged has to last all the same. */
  readonly mayFail: boolean;
}

/** So that users of a service that is down do not keep the machine from starting it again. */
const backOffMs = 50;
const tagNames = ["shared one", "shared two", "shared three", "shared four"];

/** Registers and begins to write; goes on until `finish` is called. */
export async function startWriter(options: WriterOptions): Promise<Writer> {
  const { proxyUrl, identity, adminToken, mayFail } = options;
  const versions = new Set<string>();
  const problems: string[] = [];
  const posts: WrittenPost[] = [];
  const doubtfulTitles: string[] = [];
  const person = newPerson();
  const registered = await register(proxyUrl, person, identity);
  let token = tokenOf(registered);
  let refreshToken = pickText(registered.body, "data", "refresh_token");
  const userId = pickText(registered.body, "data", "user", "id");
  const promotion = { method: "PUT", token: adminToken, json: { role: "author" }, identity };
  const promoted = await ask(`${proxyUrl}/api/v1/users/${userId}`, promotion);
  if (promoted.status !== 200) problems.push(`promoting answered ${promoted.status}`);

  /** The answer, when it is the one that was to come; otherwise `null`, which is a problem unless requests may fail. */
  const request = async (path: string, status: number, more: AskOptions = {}): Promise<Answer | null> => {
    const what = `${more.method ?? (more.json === undefined ? "GET" : "POST")} ${path}`;
    let answer: Answer;
    try {
      answer = await ask(`${proxyUrl}/api/v1${path}`, { token, identity, ...more });
    } catch (error) {
      if (!mayFail) problems.push(`${what}: no answer, ${String(error)}`);
      await delay(backOffMs);
      return null;
    }
    if (answer.version !== null) versions.add(answer.version);
    if (answer.status === status) return answer;
    await delay(backOffMs);
    // Only a service that is not there may refuse; a lost session or a lost post is never excused.
    if (!mayFail || ![502, 503, 504].includes(answer.status))
      problems.push(`${what} answered ${answer.status}`);
    return null;
  };

  const write = async (round: number): Promise<void> => {
    const title = `${identity} writes ${round}`;
    const tags = tagNames.filter((_, index) => (round + index) % 3 !== 0);
    const json = { title, content: "Mixed running.", status: "published", tags };
    const answer = await request("/posts", 201, { json });
    if (answer === null) {
      doubtfulTitles.push(title);
      return;
    }
    const id = pickText(answer.body, "data", "id");
    posts.push({ id, title, tags, comments: 0, doubtful: false, deleted: false });
  };

  const change = async (post: WrittenPost, round: number): Promise<void> => {
    const json = { title: `${post.title}, changed`, tags: tagNames.slice(round % 4) };
    if ((await request(`/posts/${post.id}`, 200, { method: "PUT", json })) === null) {
      post.doubtful = true;
    } else {
      post.title = json.title;
      post.tags = json.tags;
    }
    const comment = await request(`/posts/${post.id}/comments`, 201, { json: { content: "c" } });
    if (comment === null) post.doubtful = true;
    else post.comments += 1;
  };

  const check = async (post: WrittenPost): Promise<void> => {
    const answer = await request(`/posts/${post.id}`, 200);
    if (answer === null || post.doubtful) return;
    const read = [pick(answer.body, "data", "title"), pick(answer.body, "data", "tags")];
    if (JSON.stringify(read) !== JSON.stringify([post.title, post.tags])) {
      problems.push(`${post.id} reads ${JSON.stringify(read)} instead of ${JSON.stringify(post)}`);
    }
  };

  const erase = async (post: WrittenPost): Promise<void> => {
    const answer = await request(`/posts/${post.id}`, 200, { method: "DELETE" });
    if (answer === null) post.doubtful = true;
    post.deleted = true;
  };

  const refresh = async (): Promise<void> => {
    const json = { refresh_token: refreshToken };
    const answer = await request("/auth/refresh", 200, { json });
    if (answer === null) return;
    token = tokenOf(answer);
    refreshToken = pickText(answer.body, "data", "refresh_token");
  };

  const stopping = new AbortController();
  let rounds = 0;
  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await write(rounds);
      const newest = posts.at(-1);
      if (newest !== undefined && !newest.deleted) {
        await check(newest);
        await change(newest, rounds);
        await check(newest);
      }
      const old = posts.find(({ deleted }) => !deleted);
      if (rounds % 3 === 2 && old !== undefined) await erase(old);
      // A refresh that is cut off may have used the token up, so those who expect cuts keep to the one they have.
      if (rounds % 4 === 3 && !mayFail) await refresh();
      await request("/auth/profile", 200);
      rounds += 1;
    }
  };
  const working = work();

  const finish = async (): Promise<void> => {
    stopping.abort();
    await working;
    for (const post of posts) if (!post.deleted) await check(post);
    await request("/auth/logout", 200, { method: "POST" });
    await request("/auth/profile", 401);
    await request("/auth/refresh", 401, { json: { refresh_token: refreshToken } });
  };
  return { userId, posts, doubtfulTitles, problems, versions, rounds: () => rounds, finish };
}
