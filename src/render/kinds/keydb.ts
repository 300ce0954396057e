import { z } from "zod";
import { renderTemplate } from "../template.ts";
import { defineKind, unrenderable } from "./kind.ts";
import { path } from "./option.ts";

const options = z.strictObject({
  threads: z.coerce.number().int().min(1).max(16).default(2).describe("server-threads; more than 4 seldom help."),
  folder: path("/etc/keydb", "Folder on every host of keydb.conf, the file with passwords and certificates."),
  data: path("/var/lib/keydb", "Folder of its data."),
});

/** Directives that the file has itself. */
const OWN =
  /^(port|bind|dir|daemonize|pidfile|logfile|protected-mode|active-replica|multi-master|server-threads|replicaof|tls-.*|requirepass|masterauth)$/;

/** Every server takes writes and follows every other: nobody has to be promoted, and the newest write of a key wins. */
export const keydb = defineKind({
  name: "keydb",
  title: "KeyDB: active replicas, each of which takes writes",
  files: ["HOST/keydb.conf", "HOST/keydb-PORT.conf"],
  options,
  check: [],
  render(deployment, options) {
    const { name, kind, instances, config, tls, auth } = deployment;
    if (kind !== "replication") {
      throw unrenderable(`Active replicas stand beside each other; ${name} is declared as ${kind}.`, [
        "topology: replication",
      ]);
    }
    const many = instances.length > 2;
    const files = instances.map((instance) => {
      const { host, address, port } = instance;
      const alone = instances.filter((each) => each.host.name === host.name).length === 1;
      const text = renderTemplate("keydb/keydb.conf.eta", {
        ...options,
        ...{ deployment: name, id: instance.id, address, port, many },
        program: alone ? "keydb-server" : `keydb-${port}`,
        others: instances
          .filter(({ id }) => id !== instance.id)
          .map((other) => ({ address: other.address, port: other.port })),
        password: auth.data.password !== undefined,
        tls: tls !== undefined,
        directives: Object.entries(config).filter(([directive]) => !OWN.test(directive)),
      });
      return { path: `${host.name}/${alone ? "keydb.conf" : `keydb-${port}.conf`}`, text };
    });
    return {
      files,
      notes: [
        ...(auth.data.password
          ? [
              `${options.folder}/password.conf on every host: lines requirepass … and masterauth …, mode 0640, the same everywhere`,
            ]
          : []),
        "start the server with the data first, and the others when it has loaded them: what the first one has, the others take",
        "a key that two servers write at once keeps the newest write, by their clocks: render haproxy sends clients to one at a time",
      ],
    };
  },
});
