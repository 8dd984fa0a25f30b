import { expect, test } from "vitest";
import { seedCategories, seedComments, seedPost, seedTags, seedUsers } from "../../src/seed-rows.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u;
const posts = Array.from({ length: 2000 }, (_, index) => seedPost(index + 1));

test("the first post never changes", () => {
  const { content, ...rest } = seedPost(1);
  expect(rest).toMatchInlineSnapshot(`
    {
      "author_id": "60ec10da-ce4d-8d59-9ace-72417568f7f4",
      "categories": [
        "Travel",
        "News",
      ],
      "created_at": "2024-01-01T08:07:00.000Z",
      "excerpt": "River engine station engine and change engine people learns holds letter builds change. Satellite. Copper steady the reason street early sta",
      "id": "379ea7d5-95b7-8063-9451-502f55d52e50",
      "meta_description": "River engine station engine and change engine people learns holds letter builds change. Satellite. Copper steady the reason street early station stead",
      "meta_title": null,
      "published_at": "2024-01-01T08:10:00.000Z",
      "slug": "window-steady-satellite-1",
      "status": "published",
      "tags": [
        "library notes",
      ],
      "title": "Window steady satellite 1",
      "updated_at": "2024-01-02T18:34:00.000Z",
    }
  `);
  expect(content.length).toBeGreaterThan(100);
});

test("ids are UUIDs of their own, and slugs are unique", () => {
  const ids = [...posts, ...seedUsers(), ...seedTags(), ...seedCategories()].map((row) => row.id);
  expect(ids.filter((id) => !uuid.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(posts.map((post) => post.slug)).size).toBe(posts.length);
});

test("rows keep the rules of the API", () => {
  const tags = new Set(seedTags().map((tag) => tag.name));
  const categories = new Set(seedCategories().map((category) => category.name));
  const users = new Set(seedUsers().map((user) => user.id));
  for (const post of posts) {
    expect(post.tags.every((tag) => tags.has(tag) && tag.length >= 3)).toBe(true);
    expect(post.categories.every((category) => categories.has(category))).toBe(true);
    expect(new Set(post.tags).size).toBe(post.tags.length);
    expect(users.has(post.author_id)).toBe(true);
    expect(post.published_at === null).toBe(post.status === "draft");
  }
});

test("four in five posts are published, and only those have comments", () => {
  const published = posts.filter((post) => post.status === "published").length;
  expect(published / posts.length).toBeCloseTo(0.8, 1);
  const commented = posts.flatMap((post, index) => (seedComments(index + 1).length > 0 ? [post.status] : []));
  expect(new Set(commented)).toEqual(new Set(["published"]));
});
