import { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { openStore, type StorePolicy } from "../../src/repository/open-store.ts";

/** Uploads without an end, to be killed on the way. What and where stands on stdin, credentials too. */
const { policy, key } = (await json(process.stdin)) as {
  policy: StorePolicy & { s3?: { accessKey: string; secretKey: string } };
  key: string;
};
const { s3 } = policy;
const store = await openStore(
  s3 ? { ...policy, s3: { ...s3, accessKey: async () => s3.accessKey, secretKey: async () => s3.secretKey } } : policy,
);
const piece = Buffer.alloc(1024 * 1024, 7);
const endless = new Readable({
  read() {
    setTimeout(() => this.push(piece), 20);
  },
});
await store.put(key, endless, { estimate: 1 });
