import type { Comment } from "../domain/comment.ts";
import { done, refuse } from "../domain/outcome.ts";
import type { CommentStore } from "../usecases/ports.ts";
import type { Database } from "./database.ts";
import { readPage } from "./read-page.ts";
import { commentColumns, type CommentRow, toComment } from "./rows.ts";

export function createCommentStore(database: Database): CommentStore {
  return {
    list: (postId, statuses, slice) =>
      readPage<CommentRow, Comment>(
        database,
        {
          columns: commentColumns,
          from: "FROM comments WHERE post_id = $1 AND status = ANY ($2)",
          order: "created_at, id",
          values: [postId, statuses],
        },
        slice,
        toComment,
      ),

    async create(postId, authorId, content, status) {
      // The post may have been deleted since it was looked at; then there is nothing to comment on.
      const [row] = await database.query<CommentRow>(
        "comment-create",
        `INSERT INTO comments (post_id, author_id, content, status)
         SELECT p.id, $2, $3, $4 FROM posts p WHERE p.id = $1 FOR KEY SHARE
         RETURNING ${commentColumns}`,
        [postId, authorId, content, status],
      );
      return row === undefined ? null : toComment(row);
    },

    async find(id) {
      const [row] = await database.query<CommentRow>(
        "comment-find",
        `SELECT ${commentColumns} FROM comments WHERE id = $1`,
        [id],
      );
      return row === undefined ? null : toComment(row);
    },

    change: (id, decide) =>
      database.transaction(async (queries) => {
        const [row] = await queries.query<CommentRow>(
          "comment-lock",
          `SELECT ${commentColumns} FROM comments WHERE id = $1 FOR UPDATE`,
          [id],
        );
        if (row === undefined) return refuse({ kind: "not_found", resource: "comment" });
        const decision = decide(toComment(row));
        if (!decision.ok) return decision;
        const [after] = await queries.query<CommentRow>(
          "comment-update",
          `UPDATE comments SET content = coalesce($2, content), status = $3, updated_at = now()
           WHERE id = $1 RETURNING ${commentColumns}`,
          [id, decision.value.content ?? null, decision.value.status],
        );
        if (after === undefined) throw new Error("a locked comment is gone");
        return done(toComment(after));
      }),
  };
}
