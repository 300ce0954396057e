import { z } from "zod";
import { formatBytes } from "../../core/units.ts";
import { fail, known, onServers, pass, skip } from "../findings.ts";
import { bytes } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const bigKeys = defineCheck({
  id: "big-keys",
  title: "No key is too big to handle",
  why: "To read, delete or move a key of many megabytes stops every other client meanwhile, and one slot of a cluster cannot be split.",
  how: "SCAN and MEMORY USAGE over a sample of the keys, on replicas where there are any.",
  mend: ["split it in the application; delete it with UNLINK, or in parts"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/",
  reads: ["servers", "keys"],
  limits: z.strictObject({ most: bytes("10mb", "Of one key at most") }),
  wanted: ({ most }) => `no key above ${formatBytes(most)}`,
  judge: (facts, { most }) =>
    onServers(facts, "data", ({ largest, sampled, info, refused }) => {
      if (largest === null && info?.role === "master" && Number(info.connected_slaves) > 0)
        return skip("its replicas were asked");
      const keys = known(largest, refused.SCAN ?? "its keys could not be weighed");
      const big = keys.filter((key) => key.bytes > most);
      if (big.length === 0) return pass(`largest of ${sampled}: ${formatBytes(keys[0]?.bytes ?? 0)}`);
      return fail(big.map(({ key, type, bytes: size }) => `${key} (${type}, ${formatBytes(size)})`).join(", "));
    }),
});
