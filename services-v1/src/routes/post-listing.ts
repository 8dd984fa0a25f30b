import type { Caller } from "../authenticate.ts";
import { type Listing, listing, parameter, parsePage, parseSort, type Query } from "../paging.ts";
import { presentPost } from "../present.ts";
import { visibleTo } from "../services/post-service.ts";
import { type PostFilter, postSorts, postStatuses, type PostStore } from "../stores/post-store.ts";
import { isUuid } from "../tokens.ts";

/** One page of the posts that the caller may see, filtered and sorted as the query asks. */
export async function listPosts(
  posts: PostStore,
  query: Query,
  caller: Caller | undefined,
): Promise<Listing<object>> {
  const page = parsePage(query);
  const author = parameter(query, "author");
  if (author !== undefined && !isUuid(author)) return listing([], 0, page);
  const asked = parameter(query, "status");
  const status = postStatuses.find((each) => each === asked);
  const tag = parameter(query, "tag")?.trim().toLowerCase();
  const filter: PostFilter = {
    visible: visibleTo(caller),
    ...(status ? { status } : {}),
    ...(author ? { author } : {}),
    ...(tag ? { tag } : {}),
  };
  const found = await posts.list(filter, parseSort(query, postSorts), page);
  return listing(found.map(presentPost), await posts.count(filter), page);
}
