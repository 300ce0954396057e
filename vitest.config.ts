import { defineConfig } from "vitest/config";

/**
 * `unit` is pure and instant; `integration` starts real servers and takes its processes down again. `soak` does the same
 * for hours, and only runs where it is asked for: npm run test:soak.
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
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          globalSetup: ["test/support/global-setup.ts"],
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
