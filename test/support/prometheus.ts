import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

interface Target {
  readonly instance: string;
  readonly up: boolean;
}

/** Answers as the API of Prometheus does (v1, targets and rules), with what a test gives it. Prometheus itself is too much to bring along. */
export async function startPrometheus(targets: readonly Target[], queries: readonly string[]) {
  const answers: Readonly<Record<string, unknown>> = {
    "/api/v1/targets": {
      activeTargets: targets.map(({ instance, up }) => ({
        discoveredLabels: {},
        labels: { instance, job: "redis" },
        scrapePool: "redis",
        scrapeUrl: `http://${instance}/metrics`,
        lastError: up ? "" : "connection refused",
        health: up ? "up" : "down",
      })),
      droppedTargets: [],
    },
    "/api/v1/rules": {
      groups: [
        {
          name: "redis",
          file: "redis.yml",
          rules: queries.map((query, at) => ({ name: `a${at}`, query, health: "ok", type: "alerting" })),
        },
      ],
    },
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://prometheus");
    const data = answers[pathname];
    response.writeHead(data === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify({ status: "success", data }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
