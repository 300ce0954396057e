import type { Host, Instance } from "../inventory/model.ts";
import type { ActionContext } from "./contract.ts";

/** The instance of an action of scope `instance`. The language makes sure that there is one. */
export function instanceOf(context: Pick<ActionContext, "instance">): Instance {
  if (!context.instance) throw new TypeError("an action of scope instance was run without one");
  return context.instance;
}

/** The machine of an action of scope `host`. The language makes sure that there is one. */
export function hostOf(context: Pick<ActionContext, "host">): Host {
  if (!context.host) throw new TypeError("an action of scope host was run without one");
  return context.host;
}
