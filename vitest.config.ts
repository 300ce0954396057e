import { defineConfig } from "vitest/config";

/**
 * `unit` is pure and instant; `integration` starts real servers and takes its processes down again. `fleet` boots real hosts
 * and wants root; it comes last, for two fleets have the whole machine busy. `soak` goes on for hours, and only runs
 * where it is asked for: npm run test:soak.
 */
export default defineConfig({
  test: {
    // oclif writes to the real streams; an intercepted console would swallow what the tests look at.
    disableConsoleIntercept: true,
    projects: [
      { extends: true, test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 60_000 } },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          // They end what hangs, and are no bound on anything: one that waits long by itself takes many times that on a busy machine.
          testTimeout: 600_000,
          hookTimeout: 300_000,
          // Most of their time they wait for servers; on two cores a third one is not in the way of the others.
          maxWorkers: 3,
          globalSetup: ["test/support/global-setup.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "fleet",
          include: ["test/fleet/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          globalSetup: ["test/support/global-setup.ts", "test/fleet/harness/global-setup.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "soak",
          include: ["test/soak/**/*.test.ts"],
          testTimeout: 7_200_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          globalSetup: ["test/support/global-setup.ts"],
        },
      },
    ],
  },
});
