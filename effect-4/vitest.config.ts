import { defineConfig } from "vitest/config"
import { patience, reporters, resolve } from "./vitest.base.ts"

// these put a spy where a module of Node is: their modules are their own
const spying = ["test/PasswordHashWork.test.ts", "test/ApiKeyAuthenticate.test.ts"]

// of line 3 alone, and what has not been asked here yet
const excluded = [
  // the source's house, and what is generated of it
  "test/architecture.test.ts",
  "test/laws/generated.test.ts",
  // open: what an editor shows and compiles
  "test/completion.test.ts",
  "test/type-errors.test.ts",
  // open: benchmarks' servers are of line 3
  "test/allocation.test.ts",
  // open: logs and spans are written otherwise
  "test/redaction.test.ts",
  "test/document/api.test.ts"
]

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    reporters,
    projects: [
      {
        resolve,
        test: {
          ...patience,
          setupFiles: ["test/support/otherwise.ts"],
          name: "shared",
          include: ["test/**/*.test.ts"],
          exclude: [...spying, ...excluded],
          isolate: false
        }
      },
      { resolve, test: { ...patience, name: "spying", include: spying } }
    ]
  }
})
