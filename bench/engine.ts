import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, held } from "./bench.ts";
import { type Contestant, race } from "./measure.ts";
import { redisha } from "./subject.ts";
import { type Lab, withLabs } from "./with-labs.ts";

const TASKS = 50;

/** The same tasks on the same hosts over the same sshds: `true`, 50 times on 3 hosts at once. */
export const engine: Bench = {
  name: "engine",
  summary: `${TASKS} trivial tasks on 3 hosts over SSH against ansible-playbook`,
  measure: () =>
    withLabs([{ topology: "replication" }], async ([lab]) => {
      if (!lab) throw new RangeError("there is no lab");
      const timings = await race([await ansible(lab), await ours(lab)], 3);
      const promise = `${TASKS} trivial tasks on 3 hosts over SSH: at least 10 times as fast as ansible-playbook with pipelining`;
      const aim = { promise, subject: "redisha run", peer: "ansible-playbook", atLeast: 10 };
      return { timings, claims: [held(timings, aim)] };
    }),
};

async function ours(lab: Lab): Promise<Contestant> {
  const path = join(lab.folder, "tasks.yaml");
  const step = (_: unknown, index: number) => ({
    id: `task_${index + 1}`,
    action: "ssh.exec",
    targets: { role: "data" },
    rollout: { serial: "all" },
    with: { argv: ["true"] },
    undo: "none",
  });
  const runbook = {
    apiVersion: "redisha/v1",
    kind: "Runbook",
    metadata: { name: "tasks", version: "1.0.0", description: "Trivial tasks" },
    steps: Array.from({ length: TASKS }, step),
  };
  // JSON is YAML.
  await writeFile(path, JSON.stringify(runbook, null, 1));
  const run = redisha("redisha run", "run", path, "--file", lab.file, "--yes", "--quiet");
  return { ...run, env: { ...run.env, REDISHA_STATE_DIR: join(lab.folder, "state") } };
}

/** What makes Ansible quickest without plug-ins: pipelining, shared SSH connections, one process per host, no facts. */
async function ansible(lab: Lab): Promise<Contestant> {
  const file = (name: string) => join(lab.folder, name);
  const hosts = [...new Set(lab.processes.map(({ host }) => host))];
  await writeFile(
    file("ansible.cfg"),
    [
      "[defaults]",
      `forks = ${hosts.length}`,
      `local_tmp = ${file("ansible")}`,
      "interpreter_python = /usr/bin/python3",
      "[ssh_connection]",
      "pipelining = True",
      `ssh_args = -F ${file("ssh/config")} -o ControlMaster=auto -o ControlPersist=10s`,
      "",
    ].join("\n"),
  );
  await writeFile(file("hosts.ini"), `${hosts.join("\n")}\n`);
  const tasks = Array.from({ length: TASKS }, () => ({ "ansible.builtin.command": "true" }));
  await writeFile(file("playbook.yaml"), JSON.stringify([{ hosts: "all", gather_facts: false, tasks }]));
  return {
    name: "ansible-playbook",
    argv: ["ansible-playbook", "-i", file("hosts.ini"), file("playbook.yaml")],
    env: { ANSIBLE_CONFIG: file("ansible.cfg"), ANSIBLE_SSH_CONTROL_PATH_DIR: file("cp") },
  };
}
