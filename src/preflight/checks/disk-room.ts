import { z } from "zod";
import { formatBytes } from "../../core/units.ts";
import { figure, known, onProcesses, passIf } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const diskRoom = defineCheck({
  id: "disk-room",
  title: "The disk has room for another copy of the data",
  why: "A rewrite of the append-only file, a snapshot and a full resync write the data once more before the old copy goes. A full disk stops all writes.",
  how: "df of the folder of data, held against the larger of used_memory and what its files take (du).",
  mend: ["make the disk larger, or move the folder of data to one that is"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/",
  reads: ["servers", "processes"],
  limits: z.strictObject({
    factor: z.number().min(0).default(2).describe("Free room, in times of the data"),
  }),
  wanted: ({ factor }) => `free room of ${factor} times the data`,
  judge: (facts, { factor }) =>
    onProcesses(facts, "data", ({ disk }, server) => {
      const { free, data, path } = known(disk, "its folder of data could not be looked at");
      const size = Math.max(data, figure(server, "used_memory"));
      return passIf(free >= size * factor, `${formatBytes(free)} free in ${path}, ${formatBytes(size)} of data`);
    }),
});
