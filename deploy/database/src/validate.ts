import type { Client } from "pg";

/** A rule that rows break, with how many do and one of them. */
export interface Violation {
  readonly rule: string;
  readonly count: number;
  readonly example: string;
}

interface Rule {
  readonly name: string;
  /** Selects one text column, `example`, for every row that breaks the rule. */
  readonly sql: string;
}

const always: readonly Rule[] = [
  {
    name: "a published post has a publication time",
    sql: "SELECT id::text AS example FROM posts WHERE status = 'published' AND published_at IS NULL AND created_at < now() - interval '1 minute'",
  },
  {
    name: "emails are stored in lower case",
    sql: "SELECT email AS example FROM users WHERE email <> lower(email) AND email ~ '^[ -~]*$'",
  },
  {
    name: "a comment's times are in order",
    sql: "SELECT id::text AS example FROM comments WHERE updated_at < created_at",
  },
];

const expanded: readonly Rule[] = ["tag", "category"].flatMap((one) => {
  const many = one === "tag" ? "tags" : "categories";
  return [
    {
      name: `post_count of ${many} is the number of published posts`,
      sql: `SELECT t.name AS example FROM ${many} t WHERE t.post_count <> (
        SELECT count(*) FROM post_${many} r JOIN posts p ON p.id = r.post_id
        WHERE r.${one}_id = t.id AND p.status = 'published')`,
    },
    {
      name: `post_${many}.published mirrors the status of the post`,
      sql: `SELECT p.id::text AS example FROM post_${many} r JOIN posts p ON p.id = r.post_id
        WHERE r.published <> (p.status = 'published')`,
    },
    {
      name: `slugs of ${many} are well formed`,
      sql: `SELECT name AS example FROM ${many} WHERE slug !~ '^[a-z0-9]([a-z0-9-]{1,48})[a-z0-9]$'`,
    },
  ];
});

const twoForms: readonly Rule[] = ["tag", "category"].map((one) => {
  const many = one === "tag" ? "tags" : "categories";
  return {
    name: `the array and the rows of a post name the same ${many}`,
    sql: `SELECT p.id::text AS example FROM posts p
      LEFT JOIN (
        SELECT r.post_id, array_agg(t.name ORDER BY r.position, t.name) AS names
        FROM post_${many} r JOIN ${many} t ON t.id = r.${one}_id GROUP BY r.post_id
      ) n ON n.post_id = p.id
      WHERE p.${many} IS DISTINCT FROM coalesce(n.names, '{}')`,
  };
});

/** Checks what constraints cannot say, for whatever stage of migration the database is at. */
export async function findViolations(client: Client): Promise<readonly Violation[]> {
  const stage = await client.query<{ arrays: boolean; rows: boolean }>(
    `SELECT to_regclass('public.post_tags') IS NOT NULL AS rows, EXISTS (
       SELECT 1 FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name = 'posts' AND column_name = 'tags') AS arrays`,
  );
  const rows = stage.rows[0]?.rows ?? false;
  const arrays = stage.rows[0]?.arrays ?? false;
  const violations: Violation[] = [];
  for (const rule of [...always, ...(rows ? expanded : []), ...(rows && arrays ? twoForms : [])]) {
    const broken = await client.query<{ count: number; example: string | null }>(
      `SELECT count(*)::int AS count, min(example) AS example FROM (${rule.sql}) AS broken`,
    );
    const found = broken.rows[0];
    if (found && found.count > 0) {
      violations.push({ rule: rule.name, count: found.count, example: found.example ?? "" });
    }
  }
  return violations;
}
