import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { loadInventory } from "../../../src/inventory/load-inventory.ts";
import { KINDS } from "../../../src/render/kinds/catalog.ts";
import { redisha } from "../../support/redisha.ts";
import { refusedBy } from "../../support/status.ts";

const SECRET = "nobody-should-read-th1s";
const login = { password: { env: "SHOP_PASSWORD" } };
const shop = {
  topology: "sentinel",
  master_name: "shop",
  engine: { name: "redis", version: "7.0" },
  hosts: {
    r1: { address: "192.0.2.1", zone: "a" },
    r2: { address: "192.0.2.2", zone: "b" },
    r3: { address: "192.0.2.3", zone: "c" },
  },
  redis: { on: ["r1", "r2", "r3"], initial_primary: "r1", config: { maxmemory: "1gb" } },
  sentinel: { on: ["r1", "r2", "r3"] },
  auth: { operator: { username: "redisha", ...login }, sentinel: "same" },
  users: {
    replication: login,
    sentinel: login,
    exporter: login,
    applications: { cart: { ...login, keys: ["cart:*"] } },
  },
  tls: { authority: {} },
  ssh: "none",
};

describe("redisha render", () => {
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "redisha-render-"));
    file = join(folder, "redisha.yaml");
    await writeFile(file, stringify({ version: 1, deployments: { shop } }));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const render = (...words: string[]) =>
    redisha(["render", ...words, "--file", file], { env: { SHOP_PASSWORD: SECRET } });
  const error = async (...words: string[]) => {
    const { code, stdout } = await render(...words, "--json");
    return { exit: code, ...JSON.parse(stdout).error };
  };

  it("lists what there is, with its settings", async () => {
    const listed = JSON.parse((await render("--list", "--json")).stdout);
    expect(await refusedBy("render-list", listed.result)).toBeNull();
    expect(listed.result.kinds.map(({ kind }: { kind: string }) => kind)).toEqual(KINDS.map(({ name }) => name));
    expect((await render()).stdout).toContain("--set near=");
  });

  it("prints one file, and of several the one that is wanted", async () => {
    const { code, stdout, stderr } = await render("haproxy");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# HAProxy in front of the deployment shop/);
    expect(stderr).toContain("haproxy -c -f haproxy.cfg");
    expect(await error("prometheus")).toMatchObject({ code: "RENDER_SEVERAL", exit: 2 });
    const one = await render("prometheus", "--only", "prometheus.yml", "--json");
    const { result } = JSON.parse(one.stdout);
    expect(await refusedBy("render", result)).toBeNull();
    expect(result).toMatchObject({
      kind: "prometheus",
      out: null,
      files: [{ path: "prometheus.yml", state: "printed" }],
    });
  });

  it("overwrites what it wrote itself, and nothing that was changed since or that is not its own", async () => {
    const out = join(folder, "monitoring");
    const states = async (...words: string[]) => {
      const { stdout } = await render("prometheus", "--out", out, "--json", ...words);
      return JSON.parse(stdout).result?.files.map(({ state }: { state: string }) => state);
    };
    expect(await states()).toEqual(["written", "written", "written", "written"]);
    expect(await states()).toEqual(["unchanged", "unchanged", "unchanged", "unchanged"]);
    expect(await states("--set", "interval=30s")).toEqual(["written", "unchanged", "unchanged", "unchanged"]);
    const mine = join(out, "prometheus.yml");
    await writeFile(mine, "mine");
    expect(await error("prometheus", "--out", out, "--set", "lag=1gb")).toMatchObject({ code: "RENDER_OVERWRITES" });
    expect(await readFile(mine, "utf8")).toBe("mine");
    expect(await readFile(join(out, "rules", "redis-shop.yml"), "utf8")).not.toContain("1073741824");
    expect(await states("--force")).toContain("written");
    expect((await readdir(out)).sort()).toEqual([".redisha-render.json", "blackbox.yml", "prometheus.yml", "rules"]);
  });

  it("refuses what it does not know, and says what it knows", async () => {
    expect(await error("haproxi")).toMatchObject({ code: "RENDER_KIND", next: ["redisha render haproxy"] });
    expect(await error("haproxy", "--set", "nears=a")).toMatchObject({ code: "RENDER_OPTION" });
    expect(await error("haproxy", "--set", "write_port=70000")).toMatchObject({ code: "RENDER_OPTION" });
    expect(await error("haproxy", "--set", "near=moon")).toMatchObject({ code: "RENDER_UNDECLARED" });
    expect(await error("alertmanager")).toMatchObject({ message: expect.stringContaining("must be given") });
    expect(await error("prometheus", "--only", "rules.yml")).toMatchObject({ code: "RENDER_FILE" });
  });

  it("tells no password in anything that it renders", async () => {
    const { deployments } = await loadInventory(file, { env: { SHOP_PASSWORD: SECRET } });
    const [deployment] = deployments;
    if (!deployment) throw new Error("nothing is declared");
    let rendered = 0;
    for (const kind of KINDS) {
      const given: Record<string, string> = kind.name === "alertmanager" ? { page: "https://pager.example/redis" } : {};
      // What is refused for a deployment with Sentinels tells nothing either.
      const result = await kind.render(deployment, given).catch((refusal: unknown) => ({ refusal: String(refusal) }));
      rendered += "files" in result ? 1 : 0;
      expect(JSON.stringify(result)).not.toContain(SECRET);
    }
    expect(rendered).toBeGreaterThan(KINDS.length / 2);
  });
});
