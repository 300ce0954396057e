import type { Deployment, NotifyPolicy } from "./model.ts";
import { resolvePath, type Surroundings } from "./paths.ts";
import type { DeclaredDeployment } from "./schema.ts";
import { secretReader } from "./secrets.ts";
import { milliseconds, present } from "./to-values.ts";

const TIMEOUT_MS = 10_000;

/** Who is told of drills, with the secrets still to be asked for. */
export function notifyOf(declared: DeclaredDeployment["notify"], around: Surroundings): Pick<Deployment, "notify"> {
  if (!declared) return {};
  const { command, webhook, timeout, events } = declared;
  return {
    notify: {
      ...(command ? { command: command.map((word, i) => (i === 0 ? programOf(word, around) : word)) } : {}),
      ...(webhook ? { webhook: webhookOf(webhook, around) } : {}),
      timeoutMs: milliseconds(timeout) ?? TIMEOUT_MS,
      ...present({ events }),
    },
  };
}

/** Looked for on the PATH where it is only a name. */
function programOf(word: string, around: Surroundings): string {
  return word.includes("/") ? resolvePath(word, around) : word;
}

function webhookOf(
  { url, header }: NonNullable<NonNullable<DeclaredDeployment["notify"]>["webhook"]>,
  around: Surroundings,
): NonNullable<NotifyPolicy["webhook"]> {
  return {
    url: typeof url === "string" ? async () => url : secretReader(url, around),
    ...(header ? { header: { name: header.name, value: secretReader(header.value, around) } } : {}),
  };
}
