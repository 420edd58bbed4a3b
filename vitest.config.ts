import { defineConfig } from "vitest/config"
import { patience, reporters, resolve } from "./vitest.base.ts"

// these put a spy where a module of Node is: their modules are their own
const spying = ["test/PasswordHashWork.test.ts", "test/ApiKeyAuthenticate.test.ts"]

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    minWorkers: 2,
    isolate: false,
    poolOptions: { forks: { isolate: false } },
    reporters,
    projects: [
      {
        resolve,
        // Effect is imported once a worker, not once a file
        test: {
          ...patience,
          name: "shared",
          include: ["test/**/*.test.ts"],
          exclude: spying
        }
      },
      { resolve, test: { ...patience, name: "spying", include: spying } }
    ]
  }
})
