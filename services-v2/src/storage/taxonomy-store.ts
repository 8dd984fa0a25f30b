import { done, refuse } from "../domain/outcome.ts";
import type { Category, Tag } from "../domain/taxonomy.ts";
import type { LabelField, TaxonomyStore, Term } from "../usecases/ports.ts";
import { type Database, findBrokenUnique } from "./database.ts";
import { readPage } from "./read-page.ts";

interface TermRow {
  readonly name: string;
  readonly description: string | null;
  readonly post_count: number;
}

interface TagRow extends TermRow {
  readonly id: string;
  readonly slug: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

interface CategoryRow extends TagRow {
  readonly is_active: boolean;
}

const termColumns = "name, description, post_count";
const tagColumns = "id, name, slug, description, post_count, created_at, updated_at";
const categoryColumns = `${tagColumns}, is_active`;

function toTerm(row: TermRow): Term {
  return { name: row.name, description: row.description, postCount: row.post_count };
}

function toTag(row: TagRow): Tag {
  return {
    id: row.id,
    name: row.name,
    slug: row.slug,
    description: row.description,
    postCount: row.post_count,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toCategory(row: CategoryRow): Category {
  return { ...toTag(row), isActive: row.is_active };
}

export function createTaxonomyStore(database: Database): TaxonomyStore {
  const listTerms = (table: string, slice: Parameters<TaxonomyStore["listTags"]>[0]) =>
    readPage<TermRow, Term>(
      database,
      { columns: termColumns, from: `FROM ${table} WHERE post_count > 0`, order: "name", values: [] },
      slice,
      toTerm,
    );
  return {
    listTagsInUse: (slice) => listTerms("tags", slice),
    listCategoriesInUse: (slice) => listTerms("categories", slice),

    listTags: (slice) =>
      readPage<TagRow, Tag>(
        database,
        { columns: tagColumns, from: "FROM tags", order: "name", values: [] },
        slice,
        toTag,
      ),

    async findTag(slug) {
      const [row] = await database.query<TagRow>(
        "tag-find",
        `SELECT ${tagColumns} FROM tags WHERE slug = $1`,
        [slug],
      );
      return row === undefined ? null : toTag(row);
    },

    createTag: (tag) =>
      orTakenLabel(async () => {
        const [row] = await database.query<TagRow>(
          "tag-create",
          `INSERT INTO tags (name, slug, description) VALUES ($1, $2, $3) RETURNING ${tagColumns}`,
          [tag.name, tag.slug, tag.description],
        );
        if (row === undefined) throw new Error("the new tag did not come back");
        return toTag(row);
      }),

    listCategories: (slice) =>
      readPage<CategoryRow, Category>(
        database,
        { columns: categoryColumns, from: "FROM categories WHERE is_active", order: "name", values: [] },
        slice,
        toCategory,
      ),

    async findCategory(slug) {
      const [row] = await database.query<CategoryRow>(
        "category-find",
        `SELECT ${categoryColumns} FROM categories WHERE slug = $1`,
        [slug],
      );
      return row === undefined ? null : toCategory(row);
    },

    createCategory: (category) =>
      orTakenLabel(async () => {
        const [row] = await database.query<CategoryRow>(
          "category-create",
          `INSERT INTO categories (name, slug, description) VALUES ($1, $2, $3) RETURNING ${categoryColumns}`,
          [category.name, category.slug, category.description],
        );
        if (row === undefined) throw new Error("the new category did not come back");
        return toCategory(row);
      }),

    async changeCategory(slug, decide) {
      const changed = await orTakenLabel(() =>
        database.transaction(async (queries) => {
          const [row] = await queries.query<CategoryRow>(
            "category-lock",
            `SELECT ${categoryColumns} FROM categories WHERE slug = $1 FOR UPDATE`,
            [slug],
          );
          if (row === undefined) return refuse({ kind: "not_found", resource: "category" });
          const decision = decide(toCategory(row));
          if (!decision.ok) return decision;
          const { name, slug: newSlug, description, isActive } = decision.value;
          const [after] = await queries.query<CategoryRow>(
            "category-update",
            `UPDATE categories SET name = coalesce($2, name), slug = coalesce($3, slug),
               description = CASE WHEN $4 THEN $5 ELSE description END, is_active = coalesce($6, is_active), updated_at = now()
             WHERE id = $1 RETURNING ${categoryColumns}`,
            [
              row.id,
              name ?? null,
              newSlug ?? null,
              description !== undefined,
              description ?? null,
              isActive ?? null,
            ],
          );
          if (after === undefined) throw new Error("a locked category is gone");
          return done(toCategory(after));
        }),
      );
      return typeof changed === "string"
        ? refuse({ kind: "duplicate", resource: "category", field: changed })
        : changed;
    },
  };
}

async function orTakenLabel<Value>(write: () => Promise<Value>): Promise<Value | LabelField> {
  try {
    return await write();
  } catch (error) {
    const constraint = findBrokenUnique(error);
    if (constraint === "tags_name_key" || constraint === "categories_name_key") return "name";
    if (constraint === "tags_slug_key" || constraint === "categories_slug_key") return "slug";
    throw error;
  }
}
