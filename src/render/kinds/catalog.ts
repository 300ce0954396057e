import { alertmanager } from "./alertmanager.ts";
import { CLIENTS } from "./clients/catalog.ts";
import { CLOUD } from "./cloud/catalog.ts";
import { dragonfly } from "./dragonfly.ts";
import { grafana } from "./grafana.ts";
import { haproxy } from "./haproxy.ts";
import { keydb } from "./keydb.ts";
import type { AnyKind } from "./kind.ts";
import { KUBERNETES } from "./kubernetes/catalog.ts";
import { prometheus } from "./prometheus.ts";
import { redisExporter } from "./redis-exporter.ts";

/** Everything that `redisha render` renders, in the order in which it lists them. */
export const KINDS: readonly AnyKind[] = [
  haproxy,
  prometheus,
  alertmanager,
  redisExporter,
  grafana,
  keydb,
  dragonfly,
  ...CLIENTS,
  ...KUBERNETES,
  ...CLOUD,
];
