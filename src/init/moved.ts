import type { ConfLine } from "../conf/conf-file.ts";
import type { Deployment, Instance } from "../inventory/model.ts";
import { reachedPort } from "../inventory/ports.ts";
import { present } from "../inventory/to-values.ts";

type Instances = Pick<Deployment, "instances">;

/**
 * `host:port` as it is to be spoken of from now on: servers that are on their way from plain connections to TLS still name
 * each other by the port that is declared, and TLS is `tls.port_offset` above it.
 */
export function movedAddress(spoken: string | null, { instances }: Instances): string | null {
  const moved = instances.find((each) => `${each.address}:${plainPort(each)}` === spoken);
  return moved ? `${moved.address}:${moved.port}` : spoken;
}

/** Lines of a Sentinel's file, with the same done to every address that it knows. */
export function movedLines(lines: readonly ConfLine[], { instances }: Instances): ConfLine[] {
  return lines.map((line) => {
    if (!("name" in line) || line.name !== "sentinel") return line;
    const at = line.values.findIndex((value, index) => movedPort(value, line.values[index + 1], instances));
    const port = movedPort(line.values[at], line.values[at + 1], instances);
    if (port === undefined) return line;
    return { ...line, values: line.values.map((value, index) => (index === at + 1 ? String(port) : value)) };
  });
}

function movedPort(address: string | undefined, port: string | undefined, instances: Instances["instances"]) {
  return instances.find((each) => each.address === address && String(plainPort(each)) === port)?.port;
}

/** Where others reached it before. */
function plainPort({ declaredPort, translated }: Instance): number | undefined {
  return declaredPort === undefined ? undefined : reachedPort(present({ translated }), declaredPort);
}
