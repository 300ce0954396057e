import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { findDeployment, findDeployments } from "../../../src/inventory/find-deployment.ts";
import { findInventory } from "../../../src/inventory/find-inventory.ts";
import { scratch } from "./support.ts";

let root: string;
beforeEach(async () => {
  root = await scratch();
});

const deployment = "{ topology: replication, hosts: { r1: { address: 10.0.1.10 } }, redis: { on: [r1] } }";

async function write(path: string, names: readonly string[] = ["shop"], extra = ""): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  const deployments = names.map((name) => `  ${name}: ${deployment}\n`).join("");
  await writeFile(file, `version: 1\n${extra}deployments:\n${deployments}`, { mode: 0o644 });
  return file;
}

function look(more: { file?: string; cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const env = { HOME: join(root, "home"), ...more.env };
  return { cwd: join(root, "work/deep"), ...more, env };
}

describe("the file", () => {
  it("is the one that is named, then the variable's, then the nearest upwards, then the user's", async () => {
    const flag = await write("flag.yaml");
    const variable = await write("variable.yaml");
    const near = await write("work/redisha.yaml");
    const xdg = await write("xdg/redisha/redisha.yaml");
    const env = { REDISHA_FILE: variable, XDG_CONFIG_HOME: join(root, "xdg") };
    expect(await findInventory(look({ file: flag, env }))).toBe(flag);
    expect(await findInventory(look({ env }))).toBe(variable);
    expect(await findInventory(look({ env: { ...env, REDISHA_FILE: "" } }))).toBe(near);
    expect(await findInventory(look({ cwd: root, env: { ...env, REDISHA_FILE: undefined } }))).toBe(xdg);
  });

  it("is searched in the working directory first, and in all above it", async () => {
    const above = await write("redisha.yaml");
    expect(await findInventory(look())).toBe(above);
    const here = await write("work/deep/redisha.yaml");
    expect(await findInventory(look())).toBe(here);
  });

  it("is ~/.config's where there is no XDG_CONFIG_HOME", async () => {
    const config = await write("home/.config/redisha/redisha.yaml");
    expect(await findInventory(look())).toBe(config);
  });

  it("is counted from the working directory where it is named by a relative path", async () => {
    expect(await findInventory(look({ file: "../other.yaml" }))).toBe(join(root, "work/other.yaml"));
  });

  it("is not a directory of that name", async () => {
    await mkdir(join(root, "work/deep/redisha.yaml"), { recursive: true });
    const above = await write("redisha.yaml");
    expect(await findInventory(look())).toBe(above);
  });

  it("is missed with where it was looked for, and with what to do", async () => {
    await expect(findInventory(look())).rejects.toMatchObject({
      code: "INVENTORY_NOT_FOUND",
      exit: 2,
      message: expect.stringContaining(`${root}/work/deep or any directory above it`),
      next: [
        expect.stringContaining("redisha lab up"),
        expect.stringContaining("version: 1\ndeployments:"),
        expect.stringContaining("--file"),
      ],
    });
  });

  it("is missed with its name where it was named", async () => {
    await expect(findDeployment(look({ file: "gone.yaml" }))).rejects.toMatchObject({
      code: "INVENTORY_NOT_FOUND",
      message: `${root}/work/deep/gone.yaml does not exist`,
    });
  });

  it("is not used where anybody could have put it there, unless it is named", async () => {
    const file = await write("work/redisha.yaml");
    await chmod(file, 0o666);
    await expect(findInventory(look())).rejects.toMatchObject({ code: "INVENTORY_UNTRUSTED", exit: 2 });
    expect(await findInventory(look({ file }))).toBe(file);
  });

  it("that is suggested for a start is a right one", async () => {
    const error: unknown = await findInventory(look()).catch((thrown: unknown) => thrown);
    const [, start = ""] = (error as { next: string[] }).next;
    const file = join(root, "start.yaml");
    await writeFile(file, start.slice(start.indexOf("version: 1")));
    expect((await findDeployment(look({ file }))).deployment).toMatchObject({ name: "shop", kind: "replication" });
  });
});

describe("the deployment", () => {
  it("is the only one of the file", async () => {
    const file = await write("redisha.yaml");
    const found = await findDeployment(look());
    expect(found).toMatchObject({ all: ["shop"], warnings: [], deployment: { name: "shop", file } });
  });

  it("is the one that is named, then the variable's, then the file's default", async () => {
    await write("redisha.yaml", ["shop", "queue", "cache"], "default: cache\n");
    const env = { REDISHA_DEPLOYMENT: "queue" };
    const nameOf = async (choice: Parameters<typeof findDeployment>[0]) =>
      (await findDeployment(choice)).deployment.name;
    expect(await nameOf({ ...look({ env }), deployment: "shop" })).toBe("shop");
    expect(await nameOf(look({ env }))).toBe("queue");
    expect(await nameOf(look({ env: { REDISHA_DEPLOYMENT: "" } }))).toBe("cache");
  });

  it("has to be chosen among several", async () => {
    await write("redisha.yaml", ["shop", "queue"]);
    await expect(findDeployment(look())).rejects.toMatchObject({
      code: "DEPLOYMENT_NOT_CHOSEN",
      exit: 2,
      message: `${root}/redisha.yaml declares 2 deployments: shop, queue`,
      next: ["--deployment shop, or REDISHA_DEPLOYMENT", "default: shop in the file, to use it from now on"],
    });
  });

  it("has to exist, also where the file has only one", async () => {
    await write("redisha.yaml");
    await expect(findDeployment({ ...look(), deployment: "shpo" })).rejects.toMatchObject({
      code: "DEPLOYMENT_UNKNOWN",
      exit: 2,
      message: `${root}/redisha.yaml has no deployment shpo; it has shop`,
      next: ["--deployment shop"],
    });
    await expect(findDeployment(look({ env: { REDISHA_DEPLOYMENT: "gone" } }))).rejects.toMatchObject({
      message: `${root}/redisha.yaml has no deployment gone (REDISHA_DEPLOYMENT); it has shop`,
    });
  });

  it("may be all of them", async () => {
    await write("redisha.yaml", ["shop", "queue"]);
    expect((await findDeployments(look())).deployments.map(({ name }) => name)).toEqual(["shop", "queue"]);
  });
});
