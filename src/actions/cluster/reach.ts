import type { Reach } from "../../reshard/cluster-view.ts";
import type { ActionContext } from "../contract.ts";

/** The way to every instance of the deployment, by id, for what works on several of them. */
export function reachOf(context: ActionContext): Reach {
  return {
    signal: context.signal,
    async connect(id, lane) {
      const instance = context.deployment.instances.find((each) => each.id === id);
      if (!instance) throw new TypeError(`${id} is not listed`);
      return context.redis(instance, lane);
    },
  };
}

/** As whom one node logs in to another, to hand over keys. */
export async function loginOf({ deployment }: ActionContext): Promise<{ username?: string; password?: string }> {
  const { username, password } = deployment.auth.data;
  const secret = await password?.();
  return { ...(username === undefined ? {} : { username }), ...(secret === undefined ? {} : { password: secret }) };
}
