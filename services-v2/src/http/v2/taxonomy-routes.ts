import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Category, parseCategoryChange, parseNewCategory, parseNewTag } from "../../domain/taxonomy.ts";
import { callerOf } from "../caller.ts";
import { readObject } from "../json-body.ts";
import { presentCategory, presentTag } from "../present.ts";
import { pathText } from "../query-text.ts";
import { unwrap } from "../refusal.ts";
import type { Services } from "../services.ts";
import { matcher, sendRead, sendWritten } from "./answer.ts";
import { presentPage, readSlice } from "./list-query.ts";

function slugOf(request: FastifyRequest): string {
  return pathText(request, "slug").toWellFormed().replaceAll("\u0000", "");
}

export function addV2TaxonomyRoutes(server: FastifyInstance, services: Services): void {
  const { answers, taxonomy, taxonomyLists } = services;
  const anyone = { config: { access: { credentials: "anyone" } } } as const;
  const signedIn = { config: { access: { credentials: "required" } } } as const;

  server.get("/tags", anyone, (request, reply) => {
    const slice = readSlice(request);
    return sendRead(request, reply, answers, `tags ${slice.offset} ${slice.limit}`, async () =>
      presentPage(await taxonomyLists.listTags(slice), slice, presentTag),
    );
  });

  server.post("/tags", signedIn, async (request, reply) => {
    const input = readObject(request);
    const tag = unwrap(await taxonomy.createTag(callerOf(request).user, () => parseNewTag(input)));
    return sendWritten(reply, presentTag(tag), `/api/v2/tags/${encodeURIComponent(tag.slug)}`);
  });

  server.get("/tags/:slug", anyone, (request, reply) => {
    const slug = slugOf(request);
    return sendRead(request, reply, answers, `tag ${slug}`, async () =>
      presentTag(unwrap(await taxonomy.getTag(slug))),
    );
  });

  server.get("/categories", anyone, (request, reply) => {
    const slice = readSlice(request);
    return sendRead(request, reply, answers, `categories ${slice.offset} ${slice.limit}`, async () =>
      presentPage(await taxonomyLists.listCategories(slice), slice, presentCategory),
    );
  });

  server.post("/categories", signedIn, async (request, reply) => {
    const input = readObject(request);
    const { user } = callerOf(request);
    const category = unwrap(await taxonomy.createCategory(user, () => parseNewCategory(input)));
    const location = `/api/v2/categories/${encodeURIComponent(category.slug)}`;
    return sendWritten(reply, presentCategory(category), location);
  });

  server.get("/categories/:slug", anyone, (request, reply) => {
    const slug = slugOf(request);
    return sendRead(request, reply, answers, `category ${slug}`, async () =>
      presentCategory(unwrap(await taxonomy.getCategory(slug))),
    );
  });

  server.patch("/categories/:slug", signedIn, async (request, reply) => {
    const input = readObject(request);
    const changed = await taxonomy.changeCategory(
      callerOf(request).user,
      slugOf(request),
      () => parseCategoryChange(input),
      matcher<Category>(request, presentCategory),
    );
    return sendWritten(reply, presentCategory(unwrap(changed)));
  });

  server.post("/categories/:slug/deactivate", signedIn, async (request, reply) => {
    const deactivated = await taxonomy.deactivateCategory(
      callerOf(request).user,
      slugOf(request),
      matcher<Category>(request, presentCategory),
    );
    return sendWritten(reply, presentCategory(unwrap(deactivated)));
  });
}
