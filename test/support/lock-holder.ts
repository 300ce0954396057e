/**
 * A run in a process of its own, to be stopped, continued and killed: takes the lock of the deployment that it is told as
 * JSON, says `held`, and for each line on its standard input tries to pass the fence and says `passed` or the error's code.
 */
import { createInterface } from "node:readline";
import { RedishaError } from "../../src/core/errors.ts";
import { takeLock } from "../../src/engine/lock/take-lock.ts";
import type { Deployment } from "../../src/inventory/model.ts";
import { Laptop } from "./locks.ts";

const { deployment, leaseMs, run } = JSON.parse(process.argv[2] ?? "") as {
  deployment: Deployment;
  leaseMs: number;
  run: string;
};
const laptop = new Laptop(deployment, "holder");
const lock = await takeLock(laptop.options(run, { leaseMs }));
const say = (text: string) => process.stdout.write(`${text}\n`);
say("held");
for await (const line of createInterface({ input: process.stdin })) {
  try {
    if (line === "still") lock.stillHeld();
    else await lock.fence();
    say("passed");
  } catch (error) {
    say(error instanceof RedishaError ? `${error.code} ${error.exit} ${error.message}` : String(error));
  }
}
