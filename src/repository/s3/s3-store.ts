import { Readable } from "node:stream";
import type { ListMultipartUploadsOutput } from "@aws-sdk/client-s3";
import { present } from "../../inventory/to-values.ts";
import type { GetOptions, Leftover, PutOptions, Store, StoredObject } from "../store.ts";
import { isStoreError, objectChanged, objectExists, objectMissing } from "../store-errors.ts";
import { Multipart } from "./multipart.ts";
import { partSize } from "./part-size.ts";
import { partsOf } from "./parts.ts";
import { resumed } from "./resumed.ts";
import { s3Code, s3Error } from "./s3-errors.ts";
import type { S3 } from "./sdk.ts";

interface UploadMarker {
  readonly KeyMarker?: string;
  readonly UploadIdMarker?: string;
}

/** Written only where the key is free: one step, where the server knows it. */
const IF_FREE = { IfNoneMatch: "*" };

/** A repository in a bucket. Objects appear whole: S3 has no other way. */
export class S3Store implements Store {
  readonly kind = "s3";
  readonly shown: string;
  readonly #s3: S3;
  readonly #bucket: string;
  readonly #prefix: string;
  /** Servers that refuse conditions are asked without, once they have said so. */
  #conditions = true;

  constructor(s3: S3, bucket: string, prefix: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
    this.#prefix = prefix === "" ? "" : `${prefix}/`;
    this.shown = `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}`;
  }

  async put(key: string, source: Readable, { estimate, signal }: PutOptions = {}): Promise<StoredObject> {
    const stop = () => source.destroy(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    let upload: Multipart | undefined;
    try {
      signal?.throwIfAborted();
      if (await this.stat(key)) throw objectExists(this.shown, key);
      let size = 0;
      const spare: Buffer[] = [];
      for await (const { content, last } of partsOf(source, partSize(estimate), spare)) {
        size += content.length;
        if (last && !upload) {
          if (!(await this.#putFree(key, content))) throw objectExists(this.shown, key);
          break;
        }
        upload ??= await Multipart.begin(this.#s3, this.#target(key), spare);
        if (content.length > 0) await upload.add(content);
      }
      const complete = async (condition: object) => upload?.complete(condition);
      if (upload) await this.#conditional(complete);
      upload = undefined;
      return await this.#stored(key, size);
    } catch (error) {
      source.on("error", () => undefined).destroy();
      await upload?.abort();
      throw signal?.aborted ? signal.reason : await this.#explained(key, error);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  async create(key: string, content: Buffer): Promise<boolean> {
    try {
      // For servers that do not know conditions.
      if (await this.stat(key)) return false;
      return await this.#putFree(key, content);
    } catch (error) {
      throw await this.#explained(key, error);
    }
  }

  async replace(key: string, content: Buffer): Promise<void> {
    const { PutObjectCommand } = this.#s3.sdk;
    await this.#asked(key, () => this.#s3.client.send(new PutObjectCommand({ ...this.#target(key), Body: content })));
  }

  async get(key: string, { offset = 0, length, signal }: GetOptions = {}): Promise<Readable> {
    const open = async (from: number, etag?: string) => {
      const end = length === undefined ? "" : offset + length - 1;
      const command = new this.#s3.sdk.GetObjectCommand({
        ...this.#target(key),
        ...(from > 0 || length !== undefined ? { Range: `bytes=${from}-${end}` } : {}),
        ...(etag === undefined ? {} : { IfMatch: etag }),
      });
      const { Body, ETag, ContentLength } = await this.#asked(key, () =>
        this.#s3.client.send(command, signal ? { abortSignal: signal } : {}),
      );
      if (!(Body instanceof Readable)) throw new TypeError("the answer has no body");
      return { body: Body, etag: ETag, size: ContentLength };
    };
    return await resumed(open, offset, (error) => s3Error(this.#place(key), error), signal);
  }

  async stat(key: string): Promise<StoredObject | undefined> {
    try {
      const found = await this.#s3.client.send(new this.#s3.sdk.HeadObjectCommand(this.#target(key)));
      return { key, size: found.ContentLength ?? 0, modifiedMs: found.LastModified?.getTime() ?? 0 };
    } catch (error) {
      const known = await this.#explained(key, error);
      if (isStoreError(known, "OBJECT_MISSING") || s3Code(error).status === 404) return undefined;
      throw known;
    }
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredObject> {
    let token: string | undefined;
    do {
      signal?.throwIfAborted();
      const page = await this.#page(prefix, token);
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        if (Key) yield { key: this.#keyOf(Key), size: Size ?? 0, modifiedMs: LastModified?.getTime() ?? 0 };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token);
  }

  async folders(prefix: string): Promise<readonly string[]> {
    const names: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#page(prefix, token, "/");
      for (const { Prefix } of page.CommonPrefixes ?? []) {
        if (Prefix) names.push(this.#keyOf(Prefix).slice(prefix.length, -1));
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token);
    return names;
  }

  async delete(key: string): Promise<void> {
    try {
      await this.#s3.client.send(new this.#s3.sdk.DeleteObjectCommand(this.#target(key)));
    } catch (error) {
      const known = await this.#explained(key, error);
      if (!isStoreError(known, "OBJECT_MISSING")) throw known;
    }
  }

  async *leftovers(prefix: string): AsyncIterable<Leftover> {
    let marker: UploadMarker | undefined = {};
    while (marker) {
      const page: ListMultipartUploadsOutput = await this.#uploads(prefix, marker);
      for (const { Key, UploadId } of page.Uploads ?? []) {
        if (Key && UploadId) yield { key: this.#keyOf(Key), id: UploadId };
      }
      const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
      marker = IsTruncated ? present({ KeyMarker, UploadIdMarker }) : undefined;
    }
  }

  async discard({ key, id }: Leftover): Promise<void> {
    const { AbortMultipartUploadCommand } = this.#s3.sdk;
    try {
      await this.#s3.client.send(new AbortMultipartUploadCommand({ ...this.#target(key), UploadId: id }));
    } catch (error) {
      if (s3Code(error).code !== "NoSuchUpload") throw await this.#explained(key, error);
    }
  }

  async close(): Promise<void> {
    this.#s3.client.destroy();
  }

  async #putFree(key: string, content: Buffer): Promise<boolean> {
    const { PutObjectCommand } = this.#s3.sdk;
    try {
      await this.#conditional((condition) =>
        this.#s3.client.send(new PutObjectCommand({ ...this.#target(key), Body: content, ...condition })),
      );
      return true;
    } catch (error) {
      if (isStoreError(s3Error(this.#place(key), error), "OBJECT_EXISTS")) return false;
      throw error;
    }
  }

  /** Sends a request with the condition that the key is free; without it where the server knows no conditions. */
  async #conditional<T>(send: (condition: { IfNoneMatch?: string }) => Promise<T>): Promise<T> {
    if (this.#conditions) {
      try {
        return await send(IF_FREE);
      } catch (error) {
        if (s3Code(error).code !== "NotImplemented" && s3Code(error).status !== 501) throw error;
        this.#conditions = false;
      }
    }
    return await send({});
  }

  async #page(prefix: string, token: string | undefined, delimiter?: string) {
    const command = new this.#s3.sdk.ListObjectsV2Command({
      Bucket: this.#bucket,
      Prefix: this.#prefix + prefix,
      ...(token ? { ContinuationToken: token } : {}),
      ...(delimiter ? { Delimiter: delimiter } : {}),
    });
    return await this.#asked(prefix, () => this.#s3.client.send(command));
  }

  async #uploads(prefix: string, marker: UploadMarker): Promise<ListMultipartUploadsOutput> {
    const { ListMultipartUploadsCommand } = this.#s3.sdk;
    const command = new ListMultipartUploadsCommand({
      Bucket: this.#bucket,
      Prefix: this.#prefix + prefix,
      ...marker,
    });
    return await this.#asked(prefix, () => this.#s3.client.send(command));
  }

  /** What the server says of an object that was just written: its clock, and whether all has come. */
  async #stored(key: string, size: number): Promise<StoredObject> {
    const found = await this.stat(key);
    if (!found) throw objectMissing(this.shown, key);
    if (found.size !== size) throw objectChanged(this.shown, key, found.size, size);
    return found;
  }

  async #asked<T>(key: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw await this.#explained(key, error);
    }
  }

  /** An answer to HEAD has no text: where it is "forbidden", another request tells why. */
  async #explained(key: string, error: unknown): Promise<Error> {
    const { code, status } = s3Code(error);
    if (status === 403 && !/^[A-Z]\w*[a-z][A-Z]/.test(code)) {
      const { ListObjectsV2Command } = this.#s3.sdk;
      const why = await this.#s3.client
        .send(new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: this.#prefix, MaxKeys: 1 }))
        .then(() => error)
        .catch((told: unknown) => told);
      return s3Error(this.#place(key), why);
    }
    return s3Error(this.#place(key), error);
  }

  #target(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  #keyOf(key: string): string {
    return key.slice(this.#prefix.length);
  }

  #place(key: string) {
    return { shown: this.shown, bucket: this.#bucket, server: this.#s3.server, key };
  }
}
