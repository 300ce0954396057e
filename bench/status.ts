import { join } from "node:path";
import { type Bench, held } from "./bench.ts";
import { type Contestant, race } from "./measure.ts";
import { redisha } from "./subject.ts";
import { type Lab, withLabs } from "./with-labs.ts";

/** A healthy lab is expected, but a busy machine may make a Sentinel doubt for a moment: the time is the same. */
const SEEN = [0, 9];

function status(name: string, file: string): Contestant {
  return { ...redisha(name, "status", "--json", "--file", file), okCodes: SEEN };
}

function instances(lab: Lab) {
  return lab.processes.filter(({ service }) => service !== "sshd");
}

export const statusLoopback: Bench = {
  name: "status-loopback",
  summary: "status of 6 instances, connected straight, against a shell loop of redis-cli",
  measure: () =>
    withLabs([{ topology: "sentinel", ssh: false }], async ([lab]) => {
      if (!lab) throw new RangeError("there is no lab");
      const loop = instances(lab)
        .map(({ address, port }) => `redis-cli -h ${address} -p ${port} info`)
        .join(" && ");
      const timings = await race(
        [{ name: "6 x redis-cli info", argv: ["sh", "-c", loop] }, status("redisha status", lab.file)],
        15,
      );
      const promise = "`status` of 6 instances, in shell loops that only read INFO";
      return { timings, claims: [held(timings, { promise, subject: "redisha status", peer: "6 x redis-cli info" })] };
    }),
};

export const statusSsh: Bench = {
  name: "status-ssh",
  summary: "status of 3 hosts over SSH against one cold `ssh host redis-cli info`",
  measure: () =>
    withLabs([{ topology: "sentinel" }], async ([lab]) => {
      const first = lab && instances(lab)[0];
      if (!lab || !first) throw new RangeError("there is no lab");
      const ssh = ["ssh", "-F", join(lab.folder, "ssh/config"), first.host];
      const timings = await race(
        [
          { name: "ssh host redis-cli info", argv: [...ssh, `redis-cli -h ${first.address} -p ${first.port} info`] },
          status("redisha status", lab.file),
        ],
        15,
      );
      const promise =
        "`status` of 3 hosts and 6 instances over SSH takes no more than 1.5 cold `ssh host redis-cli info`";
      const aim = { promise, subject: "redisha status", peer: "ssh host redis-cli info", atMost: 1.5 };
      return { timings, claims: [held(timings, aim)] };
    }),
};

export const statusMany: Bench = {
  name: "status-60",
  summary: "status of 60 instances against 6, the same program",
  measure: () =>
    withLabs(
      [
        { topology: "cluster", primaries: 3, replicas: 1, ssh: false, ...PATIENT },
        { topology: "cluster", primaries: 20, replicas: 2, ssh: false, ...PATIENT },
      ],
      async ([six, sixty]) => {
        if (!six || !sixty) throw new RangeError("there is no lab");
        const timings = await race([status("6 instances", six.file), status("60 instances", sixty.file)], 15);
        const promise = "`status` of a cluster of 60 instances takes no more than twice as long as of 6";
        return {
          timings,
          claims: [held(timings, { promise, subject: "60 instances", peer: "6 instances", atMost: 2 })],
        };
      },
    ),
};

/** On few cores 60 servers keep each other waiting; that is no failure of a node. */
const PATIENT = { downAfterMs: 15_000 };
