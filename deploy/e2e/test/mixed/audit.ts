import type { Client } from "pg";
import { findViolations } from "../../../database/src/validate.ts";
import type { Writer } from "./writer.ts";

interface StoredPost {
  readonly id: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly rows: readonly string[];
  readonly comments: number;
}

/** Looks in the database for what a writer was told, and describes everything that is not so. */
export async function auditWriter(sql: Client, writer: Writer): Promise<readonly string[]> {
  const found = await sql.query<StoredPost>(
    `SELECT p.id, p.title, p.tags, ARRAY(
       SELECT t.name FROM post_tags r JOIN tags t ON t.id = r.tag_id WHERE r.post_id = p.id ORDER BY r.position
     ) AS rows, (SELECT count(*)::int FROM comments c WHERE c.post_id = p.id) AS comments
     FROM posts p WHERE p.author_id = $1`,
    [writer.userId],
  );
  const stored = new Map(found.rows.map((row) => [row.id, row]));
  const problems: string[] = [];
  for (const post of writer.posts) {
    const row = stored.get(post.id);
    stored.delete(post.id);
    if (post.deleted) {
      if (row !== undefined && !post.doubtful) problems.push(`${post.id} was deleted and is there`);
      continue;
    }
    if (row === undefined) {
      problems.push(`${post.id} was acknowledged and is lost`);
      continue;
    }
    if (JSON.stringify(row.tags) !== JSON.stringify(row.rows))
      problems.push(`${post.id} has two sets of tags`);
    const told = JSON.stringify([post.title, post.tags, post.comments]);
    const kept = JSON.stringify([row.title, row.tags, row.comments]);
    if (!post.doubtful && told !== kept) problems.push(`${post.id}: told ${told}, kept ${kept}`);
    if (row.comments < post.comments) problems.push(`${post.id} has lost a comment`);
  }
  const left = [...stored.values()].map(({ title }) => title);
  for (const title of left) {
    if (!writer.doubtfulTitles.includes(title)) problems.push(`nobody was told of "${title}"`);
  }
  if (new Set(left).size !== left.length) problems.push("a post that was sent once is there twice");
  return problems;
}

/** `cms-migrate validate`, in this process. */
export async function auditDatabase(sql: Client): Promise<readonly string[]> {
  return (await findViolations(sql)).map(({ rule, count, example }) => `${rule}: ${count}, as ${example}`);
}
