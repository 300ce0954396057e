import { z } from "zod";
import { directive, known, onProcesses, passIf } from "../findings.ts";
import { count } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const openFiles = defineCheck({
  id: "open-files",
  title: "A server may open as many files as it takes clients",
  why: "A server that may not open enough files lowers maxclients by itself at its start, and refuses clients in the rush after a failover.",
  how: "The limit of the running process in /proc/PID/limits, held against maxclients and the files it needs for itself.",
  mend: ["redisha run init-os, then restart the server", "LimitNOFILE=65535 in the unit of the server"],
  documentation: "https://redis.io/docs/latest/develop/reference/clients/",
  reads: ["servers", "processes"],
  limits: z.strictObject({
    spare: count(32, "Files that a server needs for itself"),
    least_clients: count(1_000, "maxclients at least"),
  }),
  wanted: ({ spare, least_clients }) => `maxclients of at least ${least_clients}, and ${spare} more files than that`,
  judge: (facts, { spare, least_clients }) =>
    onProcesses(facts, "data", ({ nofile }, server) => {
      const files = known(nofile, "the kernel does not tell");
      const clients = Number(directive(server, "maxclients"));
      return passIf(files >= clients + spare && clients >= least_clients, `maxclients ${clients}, ${files} files`);
    }),
});
