import { z } from "zod";
import { directive, fail, figure, onServers, pass, warn } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const persistence = defineCheck({
  id: "persistence",
  title: "What was acknowledged is on a disk",
  why: "A primary without persistence that is started again comes back empty, and its replicas empty themselves to be like it.",
  how: "CONFIG GET appendonly, appendfsync and save; the state of the last writes in INFO.",
  mend: [
    "redis-cli CONFIG SET appendonly yes, and CONFIG REWRITE: it forks and writes everything once",
    "declare appendonly: yes under redis.config, then: redisha init",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/",
  reads: ["servers"],
  limits: z.strictObject({
    kind: z
      .enum(["aof", "any", "none"])
      .default("aof")
      .describe("What there has to be: the append-only file, that or snapshots, or nothing"),
  }),
  wanted: ({ kind }) =>
    ({
      aof: "appendonly yes, and writes that succeed",
      any: "appendonly yes or save points",
      none: "whatever there is works",
    })[kind],
  judge: (facts, { kind }) =>
    onServers(facts, "data", (server) => {
      const aof = directive(server, "appendonly") === "yes";
      const save = directive(server, "save");
      const info = server.info ?? {};
      const failed = ["aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status"].filter(
        (name) => info[name] !== undefined && info[name] !== "ok",
      );
      const measured = `appendonly ${aof ? `yes, appendfsync ${directive(server, "appendfsync")}` : "no"}, save "${save}"`;
      if (failed.length > 0)
        return fail(`${failed.join(", ")}: failed`, { next: ["look at its log and at the room on its disk"] });
      if (kind === "aof" ? !aof : kind === "any" && !aof && save === "") return fail(measured);
      if (aof && directive(server, "appendfsync") === "no") return warn(measured);
      return figure(server, "loading") === 1 ? warn(`${measured}; it is loading`) : pass(measured);
    }),
});
