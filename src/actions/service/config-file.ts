import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Instance } from "../../inventory/model.ts";
import { field, type InfoMap } from "../../topology/parse/info.ts";

/** The file that a server was started with, of its INFO server. Fails with SERVICE_NO_CONFIG where there is none. */
export function configFileOf({ id }: Instance, info: InfoMap): string {
  const file = field(info, "config_file") ?? "";
  if (file !== "") return file;
  throw new RedishaError({
    code: "SERVICE_NO_CONFIG",
    message: `${id} was started without a configuration file: what it is told could not be told to the next one.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: ["start it with a file: redisha init writes one"],
  });
}
