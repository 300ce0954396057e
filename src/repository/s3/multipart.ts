import type { CompletedPart } from "@aws-sdk/client-s3";
import { storeError } from "../store-errors.ts";
import { fitsParts, partsAtOnce } from "./part-size.ts";
import type { S3 } from "./sdk.ts";

interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

/** One upload in parts: `add` each, then `complete`; or `abort`, after which nothing of it is left on the server. */
export class Multipart {
  readonly #s3: S3;
  readonly #target: Target & { readonly UploadId: string };
  readonly #spare: Buffer[];
  readonly #stop = new AbortController();
  readonly #done: CompletedPart[] = [];
  readonly #underway = new Set<Promise<void>>();
  #count = 0;
  #failed: { readonly error: unknown } | undefined;

  private constructor(s3: S3, target: Target, id: string, spare: Buffer[]) {
    this.#s3 = s3;
    this.#spare = spare;
    this.#target = { ...target, UploadId: id };
  }

  /** Parts that have arrived are put into `spare`, to be filled again. */
  static async begin(s3: S3, target: Target, spare: Buffer[]): Promise<Multipart> {
    const { UploadId } = await s3.client.send(new s3.sdk.CreateMultipartUploadCommand(target));
    if (!UploadId) throw new TypeError("the server gave the upload no id");
    return new Multipart(s3, target, UploadId, spare);
  }

  /** Sends a part; returns as soon as there is room for another. Throws what an earlier part failed with. */
  async add(content: Buffer): Promise<void> {
    this.#count += 1;
    if (!fitsParts(this.#count)) {
      throw storeError({
        code: "REPOSITORY_FAILED",
        message: `${this.#target.Key} is more than twice as large as was expected: its parts are too many for S3.`,
      });
    }
    const sending = this.#send(this.#count, content).then(
      () => void this.#spare.push(content),
      (error: unknown) => {
        this.#failed ??= { error };
        this.#stop.abort();
      },
    );
    this.#underway.add(sending);
    void sending.then(() => this.#underway.delete(sending));
    while (this.#underway.size >= partsAtOnce(content.length)) await Promise.race(this.#underway);
    if (this.#failed) throw this.#failed.error;
  }

  async complete(condition: { readonly IfNoneMatch?: string }): Promise<void> {
    await Promise.all(this.#underway);
    if (this.#failed) throw this.#failed.error;
    const Parts = this.#done.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
    const { CompleteMultipartUploadCommand } = this.#s3.sdk;
    await this.#s3.client.send(
      new CompleteMultipartUploadCommand({ ...this.#target, MultipartUpload: { Parts }, ...condition }),
    );
  }

  /** Never fails: what cannot be taken back is a leftover, and the next sweep finds it. */
  async abort(): Promise<void> {
    this.#stop.abort();
    // A part that arrives after the abort would stay.
    await Promise.all(this.#underway);
    await this.#s3.client.send(new this.#s3.sdk.AbortMultipartUploadCommand(this.#target)).catch(() => undefined);
  }

  async #send(PartNumber: number, Body: Buffer): Promise<void> {
    const command = new this.#s3.sdk.UploadPartCommand({ ...this.#target, PartNumber, Body });
    const part = await this.#s3.client.send(command, { abortSignal: this.#stop.signal });
    const { ETag, ChecksumCRC32, ChecksumCRC64NVME } = part;
    this.#done.push({
      PartNumber,
      ...(ETag ? { ETag } : {}),
      ...(ChecksumCRC32 ? { ChecksumCRC32 } : {}),
      ...(ChecksumCRC64NVME ? { ChecksumCRC64NVME } : {}),
    });
  }
}
