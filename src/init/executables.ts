import type { Deployment, Instance } from "../inventory/model.ts";

/** Files of the host that an instance runs or loads beside its own program: modules, or scripts of a Sentinel. */
export function executablesOf({ kind }: Pick<Instance, "kind">, { modules = [], sentinel }: Deployment): string[] {
  if (kind === "data") return modules.map((module) => module.split(" ")[0] ?? "");
  return [sentinel?.notificationScript, sentinel?.reconfigScript].filter((path) => path !== undefined);
}
