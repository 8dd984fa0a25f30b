import { type Actor, isAllowed } from "../domain/authorise.ts";
import { done, type Outcome, refuse } from "../domain/outcome.ts";
import type { Category, LabelChange, NewLabel, Tag } from "../domain/taxonomy.ts";
import type { TaxonomyStore } from "./ports.ts";

export interface Taxonomy {
  getTag(slug: string): Promise<Outcome<Tag>>;
  createTag(actor: Actor, read: () => Outcome<NewLabel>): Promise<Outcome<Tag>>;
  getCategory(slug: string): Promise<Outcome<Category>>;
  createCategory(actor: Actor, read: () => Outcome<NewLabel>): Promise<Outcome<Category>>;
  changeCategory(
    actor: Actor,
    slug: string,
    read: () => Outcome<LabelChange>,
    matches: MatchesCategory,
  ): Promise<Outcome<Category>>;
  /** Takes it off the list; posts keep it. */
  deactivateCategory(actor: Actor, slug: string, matches: MatchesCategory): Promise<Outcome<Category>>;
}

export type MatchesCategory = (category: Category) => boolean;

export function createTaxonomy(store: TaxonomyStore): Taxonomy {
  return {
    async getTag(slug) {
      const tag = await store.findTag(slug);
      return tag === null ? refuse({ kind: "not_found", resource: "tag" }) : done(tag);
    },

    async createTag(actor, read) {
      if (!isAllowed(actor, "tag.create")) return refuse({ kind: "forbidden" });
      const tag = read();
      if (!tag.ok) return tag;
      const created = await store.createTag(tag.value);
      return typeof created === "string"
        ? refuse({ kind: "duplicate", resource: "tag", field: created })
        : done(created);
    },

    async getCategory(slug) {
      const category = await store.findCategory(slug);
      return category === null ? refuse({ kind: "not_found", resource: "category" }) : done(category);
    },

    async createCategory(actor, read) {
      if (!isAllowed(actor, "category.create")) return refuse({ kind: "forbidden" });
      const category = read();
      if (!category.ok) return category;
      const created = await store.createCategory(category.value);
      return typeof created === "string"
        ? refuse({ kind: "duplicate", resource: "category", field: created })
        : done(created);
    },

    async changeCategory(actor, slug, read, matches) {
      if (!isAllowed(actor, "category.update")) return refuse({ kind: "forbidden" });
      return store.changeCategory(slug, (category) =>
        matches(category) ? read() : refuse({ kind: "changed" }),
      );
    },

    async deactivateCategory(actor, slug, matches) {
      if (!isAllowed(actor, "category.deactivate")) return refuse({ kind: "forbidden" });
      return store.changeCategory(slug, (category) => {
        if (!matches(category)) return refuse({ kind: "changed" });
        return category.isActive
          ? done({ isActive: false })
          : refuse({ kind: "wrong_state", resource: "category", from: "inactive", action: "deactivate" });
      });
    },
  };
}
