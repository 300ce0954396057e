import { randomUUID } from "node:crypto";
import { z } from "zod";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { REPOSITORY_KEY } from "./layout.ts";
import { type OpenStoreOptions, openStore, type StorePolicy } from "./open-store.ts";
import { parseJson, readSmall, toJson } from "./small-object.ts";
import type { Store } from "./store.ts";
import { isStoreError } from "./store-errors.ts";

/** The backups of one deployment, where they are kept. Several deployments may share a store. */
export interface Repository {
  readonly store: Store;
  /** Of the place, whatever it is called today; undefined where nothing was ever stored there. */
  readonly id: string | undefined;
  readonly deployment: string;
}

const FORMAT = 1;

const markerSchema = z.object({ format: z.int(), id: z.string().min(1), created: z.string() });

/**
 * Opens the repository of a deployment and reads what stands in its root. With `create` an empty place becomes a
 * repository. Fails with REPOSITORY_NOT_REDISHA, REPOSITORY_TOO_NEW, or what the store says. Close `store` afterwards.
 */
export async function openRepository(
  policy: StorePolicy,
  deployment: string,
  options: OpenStoreOptions & { readonly create?: boolean } = {},
): Promise<Repository> {
  const store = await openStore(policy, options);
  try {
    return { store, deployment, id: await identify(store, options.create ?? false) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The same for a store that is open. */
export async function repositoryIn(store: Store, deployment: string, create: boolean): Promise<Repository> {
  return { store, deployment, id: await identify(store, create) };
}

async function identify(store: Store, create: boolean): Promise<string | undefined> {
  const present = await readMarker(store);
  if (present !== undefined || !create) return present;
  const marker = { format: FORMAT, id: randomUUID(), created: new Date().toISOString() };
  await store.create(REPOSITORY_KEY, toJson(marker));
  // Another process may have been first.
  return await readMarker(store);
}

async function readMarker(store: Store): Promise<string | undefined> {
  let content: Buffer;
  try {
    content = await readSmall(store, REPOSITORY_KEY);
  } catch (error) {
    if (isStoreError(error, "OBJECT_MISSING")) return undefined;
    throw error;
  }
  const parsed = parseJson(content, markerSchema);
  if ("problem" in parsed) {
    throw new RedishaError({
      code: "REPOSITORY_NOT_REDISHA",
      message: `${REPOSITORY_KEY} in ${store.shown} cannot be read: ${parsed.problem}.`,
      exit: EXIT.verificationFailed,
      state: "nothing was changed",
    });
  }
  if (parsed.value.format > FORMAT) {
    throw new RedishaError({
      code: "REPOSITORY_TOO_NEW",
      message: `${store.shown} was made by a newer redisha: its format is ${parsed.value.format}, this one knows ${FORMAT}.`,
      exit: EXIT.usage,
      state: "nothing was changed",
      next: ["update redisha"],
    });
  }
  return parsed.value.id;
}
